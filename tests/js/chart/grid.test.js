const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const grid = load("chart/grid.js");
const even = { grid: { first: 1000, step: 100, count: 5 }, offset: 7, draw: "line" };
const uneven = { grid: { edges: [0, 24, 47, 72] }, offset: 0, draw: "line" };

test("a moment is in the bucket that began last, and outside in the nearest", () => {
  const { within } = grid.of(even);
  assert.deepEqual([0, 1000, 1099, 1100, 1499, 1500, 9999].map(within), [0, 0, 0, 1, 4, 4, 4]);
});

test("buckets of different length have their own edges", () => {
  const { within, edge, count } = grid.of(uneven);
  assert.equal(count, 3);
  assert.deepEqual([-5, 0, 23, 24, 46, 47, 71, 72, 100].map(within), [0, 0, 0, 1, 1, 2, 2, 2, 2]);
  assert.deepEqual([0, 1, 2, 3].map(edge), [0, 24, 47, 72]);
});

test("of a line the nearest point is read, of bars the one that stands over the moment", () => {
  assert.deepEqual(
    [1040, 1060, 1499].map((moment) => grid.nearest(even, moment)),
    [0, 1, 4],
  );
  assert.deepEqual(
    [1040, 1060, 1499].map((moment) => grid.nearest({ ...even, draw: "bar" }, moment)),
    [0, 0, 4],
  );
});

test("a bucket is drawn at its start on the axis, a bar in its middle", () => {
  assert.equal(grid.place(even, 2), 1207);
  assert.equal(grid.place({ ...even, draw: "bar" }, 2), 1257);
  assert.equal(grid.place({ ...uneven, draw: "bar" }, 1), 35.5);
  assert.equal(grid.place({ ...uneven, draw: "heatmap" }, 1), 35.5);
});
