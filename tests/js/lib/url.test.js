const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const url = load("lib/url.js");

function visit(search, defaults = {}) {
  globalThis.location = { search, pathname: "/admin/metrics/" };
  metrics.page.defaults = defaults;
}

test("changes are laid over a query, and what they don't name stays", () => {
  assert.equal(url.laidOver("?tab=auth&range=1h", { range: "6h" }), "?tab=auth&range=6h");
});

test("a step has one name, however the address calls it", () => {
  metrics.page.stepNames = { minute: "1m" };
  visit("?res=minute", { res: "auto" });
  assert.equal(url.get("res"), "1m");
  assert.ok(url.of(location.search).holds({ res: "1m" }));
  visit("?res=5m", { res: "auto" });
  assert.equal(url.get("res"), "5m");
  visit("", { res: "auto" });
  assert.ok(url.of(location.search).holds({ res: "" }));
});

test("an empty value takes a name out", () => {
  for (const nothing of ["", null, undefined, []])
    assert.equal(url.laidOver("?tab=auth&range=1h", { range: nothing }), "?tab=auth");
  assert.equal(url.laidOver("?range=1h", { range: "" }), "");
});

test("a list gives a name several times", () => {
  assert.equal(url.laidOver("?hidden=a:x", { hidden: ["a:y", "b:z"] }), "?hidden=a:y&hidden=b:z");
});

test("colons and slashes stay readable, and everything else is escaped", () => {
  const query = url.laidOver("", { tz: "Europe/Berlin", hidden: "a:50 % & more", from: "2026-01-31T12:00:00Z" });
  assert.equal(query, "?tz=Europe/Berlin&hidden=a:50+%25+%26+more&from=2026-01-31T12:00:00Z");
  assert.equal(new URLSearchParams(query).get("hidden"), "a:50 % & more");
});

test("a link to a page without a query is its path", () => {
  visit("?range=1h");
  assert.equal(url.search({ range: "" }), "/admin/metrics/");
});

test("what the address doesn't say, or says emptily, is the default", () => {
  visit("?range=&tab=auth", { range: "24h", tab: "server" });
  assert.deepEqual([url.get("range"), url.get("tab"), url.get("kiosk")], ["24h", "auth", ""]);
});

test("a choice holds where the address says it, or by default says nothing else", () => {
  visit("?tab=auth", { tab: "server", range: "24h" });
  assert.equal(url.of(location.search).holds({ tab: "auth" }), true);
  assert.equal(url.of(location.search).holds({ range: "24h", from: "" }), true);
  assert.equal(url.of(location.search).holds({ range: "" }), true);
  assert.equal(url.of(location.search).holds({ range: "1h" }), false);
});

test("only a range that ends now is live", () => {
  const live = {
    "": true,
    "?from=now-6h": true,
    "?from=now-6h&to=now": true,
    "?range=this-week": true,
    "?from=yesterday&to=now": true,
    "?from=2026-01-01T00:00:00Z": true,
    "?from=2026-01-01&to=now": true,
  };
  const paused = {
    "?from=2026-01-01T00:00:00Z&to=2026-01-02": false,
    "?from=now-2d&to=now-1d": false,
    "?to=2026-01-01T00:00:00Z": false,
    "?range=2026-01-01": false,
  };
  for (const [search, wanted] of Object.entries({ ...live, ...paused })) {
    visit(search);
    assert.equal(url.isLive(), wanted, search);
  }
});

test("there is no pace where refreshing is off, paused or no number", () => {
  const paces = { "": 5, "?refresh=60": 60, "?refresh=0": 0, "?refresh=often": 0, "?refresh=5&to=now-1h": 0 };
  for (const [search, wanted] of Object.entries(paces)) {
    visit(search, { refresh: "5" });
    assert.equal(url.pace(), wanted, search);
  }
});

test("going where the page is already is no step in its history", () => {
  const steps = [];
  globalThis.history = { pushState: (...step) => steps.push(step.at(-1)), replaceState: () => steps.push("replaced") };
  globalThis.dispatchEvent = () => true;
  visit("?range=1h");
  url.go({ range: "1h" });
  url.go({ range: "6h" });
  url.go({ range: "6h" }, { replace: true });
  assert.deepEqual(steps, ["?range=6h", "replaced"]);
});
