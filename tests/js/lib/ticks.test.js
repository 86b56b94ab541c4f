const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { spaced } = load("lib/dom.js", "lib/events.js", "lib/ticks.js");

const even = (count, apart) => Array.from({ length: count }, (_, at) => at * apart);

test("labels with room for all of them stay", () => {
  assert.deepEqual(spaced(even(5, 14), 14), [0, 1, 2, 3, 4]);
  assert.deepEqual(spaced([0, 40, 60], 14), [0, 1, 2]);
  assert.deepEqual(spaced([7], 14), [0]);
  assert.deepEqual(spaced([], 14), []);
});

test("of an even axis both ends stay, and what lies evenly between them", () => {
  assert.deepEqual(spaced(even(5, 10), 14), [0, 2, 4]);
  assert.deepEqual(spaced(even(5, 6), 14), [0, 4]);
  assert.deepEqual(spaced(even(4, 10), 14), [0, 3]);
  assert.deepEqual(spaced(even(7, 10), 14), [0, 2, 4, 6]);
});

test("of others the topmost stays, and what has room below it", () => {
  assert.deepEqual(spaced([0, 5, 20, 28, 40], 14), [0, 2, 4]);
  assert.deepEqual(spaced([0, 3], 14), [0]);
});
