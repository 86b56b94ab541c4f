const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

globalThis.metrics.graphs = globalThis.metrics.pointer = {};
const { stretch } = load("chart/grid.js", "chart/selection.js");
const meta = { grid: { first: 0, step: 100, count: 5 }, offset: 0, draw: "line", start: 30, end: 480 };

test("whole buckets are chosen, whichever way they were dragged over", () => {
  assert.deepEqual(stretch(meta, 150, 320), { start: 100, end: 400 });
  assert.deepEqual(stretch(meta, 320, 150), { start: 100, end: 400 });
});

test("the first and the last bucket end where the picture does", () => {
  assert.deepEqual(stretch(meta, -50, 999), { start: 30, end: 480 });
});

test("a drag within a bucket chooses that one", () => {
  assert.deepEqual(stretch(meta, 210, 220), { start: 200, end: 300 });
});
