const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const facts = load("lib/time.js", "lib/url.js", "share/facts.js");
const LOGINS = {
  id: "logins",
  title: "Logins",
  headline: [
    ["number", "12"],
    ["change up", "+3 %"],
  ],
  facts: [["Split", "by success"]],
};
const SALES = { id: "sales", title: "Sales", headline: [], facts: [] };
const about = { facts: [["Range", "last hour"]], charts: [LOGINS, SALES] };

function visit(search) {
  globalThis.location = { search, pathname: "/" };
}

test("a chart says which of its series are hidden, and nothing of the others'", () => {
  visit("?hidden=logins:failed&hidden=sales:web");
  assert.deepEqual(facts.ofChart(about, LOGINS), [
    ["Range", "last hour"],
    ["Split", "by success"],
    ["Hidden series", "hidden: failed"],
  ]);
});

test("a chart's own fact takes the place of the tab's", () => {
  visit("");
  const minutes = { facts: [...about.facts, ["Resolution", "5-minute buckets"]], charts: [] };
  const bars = { ...SALES, facts: [["Resolution", "15-minute buckets"]] };
  assert.deepEqual(facts.ofChart(minutes, bars), [
    ["Range", "last hour"],
    ["Resolution", "15-minute buckets"],
  ]);
});

test("a tab says of each fact and each hidden series whose it is", () => {
  visit("?hidden=logins:failed&hidden=elsewhere:x");
  assert.deepEqual(facts.ofTab(about), [
    ["Range", "last hour"],
    ["Split of Logins", "Logins by success"],
    ["Hidden series", "hidden: logins:failed"],
  ]);
});

test("a file says in one text what stands in it, and everything by keyword", () => {
  const texts = new Map(facts.texts("Logins · Auth", facts.headline(LOGINS), about.facts, "http://here/"));
  assert.equal(texts.get("Title"), "Logins · Auth");
  assert.equal(texts.get("Description"), "12 +3 % · last hour");
  assert.equal(texts.get("Source"), "http://here/");
  assert.equal(texts.get("Range"), "last hour");
  assert.match(texts.get("Creation Time"), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
});
