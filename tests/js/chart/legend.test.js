const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { entries, fitting } = load("lib/dom.js", "lib/graphs.js", "chart/legend.js");
const layout = { meta: { series: { a: { name: "x", label: "zone: x" }, b: { name: "y", label: "y" } } } };

test("a legend has each series once, in the order in which it is read off, and knows which are off", () => {
  const data = [
    { meta: "anchor", showlegend: false },
    { legendgroup: "a", showlegend: true, type: "bar", marker: { color: "#111" }, visible: true },
    { legendgroup: "a", showlegend: false, type: "bar", marker: { color: "#222" }, visible: true },
    { legendgroup: "b", showlegend: true, type: "scatter", line: { color: "#333" }, visible: "legendonly" },
  ];
  assert.deepEqual(entries({ data, layout }), [
    { key: "a", label: "zone: x", colour: "#111", off: false },
    { key: "b", label: "y", colour: "#333", off: true },
  ]);
});

test("a series that stands alone needs no legend", () => {
  assert.deepEqual(entries({ data: [{ legendgroup: "a", showlegend: true, line: {} }], layout }), []);
});

test("a legend is one line: what doesn't fit beside the number of the rest is left to it", () => {
  assert.equal(fitting([50, 50, 50], 174), 3);
  assert.equal(fitting([50, 50, 50], 173), 2);
  assert.equal(fitting([50, 50, 50], 160), 1);
  assert.equal(fitting([300, 50], 200), 0);
  assert.equal(fitting([], 200), 0);
});
