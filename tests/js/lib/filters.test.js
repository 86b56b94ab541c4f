const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { words, all, beside } = load("lib/filters.js");

test("a filter reads as its dimension and its value, which may hold anything", () => {
  assert.equal(words("zone:north"), "zone: north");
  assert.equal(words("!zone:north"), "not zone: north");
  assert.equal(words("zone:!a:b, c/d"), "zone: !a:b, c/d");
  assert.equal(words("zone:"), "zone: (empty)");
});

test("each filter of an address holds once", () => {
  const address = (filters) => ({ getAll: () => filters });
  assert.deepEqual(all(address(["zone:a", "", "tier:b", "zone:a"])), ["zone:a", "tier:b"]);
  assert.deepEqual(all(address([])), []);
});

test("a filter holds beside those of other dimensions, and one value takes the place of its own dimension's", () => {
  assert.deepEqual(beside(["zone:a", "tier:b"], "zone:c"), ["tier:b", "zone:c"]);
  assert.deepEqual(beside(["zone:a"], "!zone:c"), ["!zone:c"]);
  assert.deepEqual(beside(["!zone:a"], "!zone:c"), ["!zone:a", "!zone:c"]);
  assert.deepEqual(beside(["!zone:a"], "!zone:a"), ["!zone:a"]);
  assert.deepEqual(beside(["!zone:a", "!zone:b"], "zone:a"), ["zone:a"]);
});
