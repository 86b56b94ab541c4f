const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { groups } = load("lib/events.js", "lib/graphs.js", "chart/series.js");
const META = { series: { a: { name: "<a>", label: "<a>" }, b: { name: "true", label: "success: true" } } };

test("a series is all of its traces, named as its entry in the legend", () => {
  const traces = [
    { legendgroup: "a", meta: "low", name: "low" },
    { legendgroup: "a", meta: "value", name: "&lt;a&gt;", showlegend: true, visible: true },
    { legendgroup: "b", meta: "value", name: "success: true", showlegend: true, visible: "legendonly" },
    { legendgroup: "a", meta: "high", name: "high" },
  ];
  assert.deepEqual(groups(traces, META), [
    { key: "a", name: "<a>", label: "<a>", places: [0, 1, 3] },
    { key: "b", name: "true", label: "success: true", places: [2] },
  ]);
});

test("what belongs to no series is none", () => {
  assert.deepEqual(
    groups(
      [
        { meta: "anchor", legendgroup: "x", name: "" },
        { meta: "value", name: "" },
      ],
      META,
    ),
    [],
  );
});
