const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const share = load("lib/time.js", "lib/url.js", "lib/shown.js", "lib/range.js", "share/link.js");
const NOON = Date.parse("2026-01-31T12:00:00Z");

function shown(search, more = {}) {
  globalThis.location = { search, pathname: "/here/", origin: "http://host" };
  metrics.page.defaults = { range: "24h" };
  metrics.page.parameters = ["tab", "range", "from", "to", "tz", "res", "hidden", "theme"];
  metrics.graphs = { stepOf: () => "15m" };
  metrics.answer = {
    start: NOON,
    end: NOON + 3600000,
    live: true,
    tab: "auth",
    zone: "UTC",
    step: "1m",
    about: { length: "1h" },
    ...more,
  };
}
const said = (link) => Object.fromEntries(new URL(link).searchParams);

test("a link that follows now says the range as it is meant", () => {
  shown("");
  assert.deepEqual(said(share.link("relative", "dark")), { tab: "auth", tz: "UTC", theme: "dark", range: "24h" });
  shown("?from=now-6h");
  assert.deepEqual(said(share.link("relative", "dark")), {
    tab: "auth",
    tz: "UTC",
    theme: "dark",
    from: "now-6h",
    to: "now",
  });
});

test("a fixed range that is to follow now keeps its length", () => {
  shown("?from=2026-01-31T12:00:00Z&to=2026-01-31T13:00:00Z", { live: false });
  assert.deepEqual(said(share.link("relative", "dark")), { tab: "auth", tz: "UTC", theme: "dark", range: "1h" });
});

test("a link that stays says the moments, and nothing of how a screen behaves", () => {
  shown("?range=1h&kiosk=1&rotate=30&refresh=5&hidden=logins:failed");
  const wanted = { from: "2026-01-31T12:00:00Z", to: "2026-01-31T13:00:00Z", hidden: "logins:failed" };
  assert.deepEqual(said(share.link("absolute", "light")), { ...wanted, tab: "auth", tz: "UTC", theme: "light" });
});

test("a table has the buckets of the picture, of one chart or of the tab", () => {
  shown("?range=1h&theme=dark");
  assert.match(share.table("logins"), /^\/here\/chart\/logins\.csv\?.*res=15m/);
  assert.match(share.table(), /^\/here\/export\/auth\.csv\?.*res=1m/);
  assert.doesNotMatch(share.table(), /theme/);
});

test("a table's address says nothing that is of no table, and nothing twice but what may be", () => {
  shown("?range=1h&utm_source=mail&res=1h&res=5m&hidden=logins:a&hidden=logins:b");
  const { searchParams } = new URL(share.table("logins"), "http://host");
  assert.deepEqual([...searchParams.keys()], ["tab", "from", "to", "tz", "res", "hidden", "hidden"]);
  assert.deepEqual(searchParams.getAll("hidden"), ["logins:a", "logins:b"]);
});
