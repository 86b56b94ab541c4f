const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { groups } = load("chart/series.js");

test("a series is all of its traces, named and switched as its entry in the legend", () => {
  const found = groups([
    { legendgroup: "a", meta: "low", name: "low" },
    { legendgroup: "a", meta: "value", name: "A", showlegend: true, visible: true },
    { legendgroup: "b", meta: "value", name: "B", showlegend: true, visible: "legendonly" },
    { legendgroup: "a", meta: "high", name: "high" },
  ]);
  assert.deepEqual(found, [
    { name: "A", places: [0, 1, 3], off: false },
    { name: "B", places: [2], off: true },
  ]);
});

test("what belongs to no series is none", () => {
  assert.deepEqual(
    groups([
      { meta: "anchor", legendgroup: "x", name: "" },
      { meta: "value", name: "" },
    ]),
    [],
  );
});
