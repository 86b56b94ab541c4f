const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { rowsOf, shared } = load("lib/dom.js", "lib/events.js", "wall/pages.js");

test("cards take as many rows as their columns need, in their order", () => {
  assert.equal(rowsOf([]), 0);
  assert.equal(rowsOf([6, 3, 3]), 2);
  assert.equal(rowsOf([2, 4, 3]), 2);
  assert.equal(rowsOf([3, 4, 2]), 2);
  assert.equal(rowsOf(Array(40).fill(2)), 14);
});

test("all rows stand on one page where they fit", () => {
  assert.deepEqual(shared(1, 3), [1]);
  assert.deepEqual(shared(3, 3), [3]);
});

test("what doesn't fit is shared among as few pages as can be, evenly", () => {
  assert.deepEqual(shared(4, 3), [2, 2]);
  assert.deepEqual(shared(14, 3), [3, 3, 3, 3, 2]);
  assert.deepEqual(shared(5, 1), [1, 1, 1, 1, 1]);
});
