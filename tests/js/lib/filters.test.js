const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { words, present } = load("lib/filters.js");

test("a filter reads as its dimension and its value, which may hold anything", () => {
  assert.equal(words("zone:north"), "zone: north");
  assert.equal(words("!zone:north"), "not zone: north");
  assert.equal(words("zone:!a:b, c/d"), "zone: !a:b, c/d");
  assert.equal(words("zone:"), "zone: (empty)");
});

test("of several filters the first holds, and without one there is none", () => {
  const address = (filters) => ({ getAll: () => filters });
  assert.equal(present(address(["zone:a", "tier:b"])), "zone:a");
  assert.equal(present(address([])), "");
});
