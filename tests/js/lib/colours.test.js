const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { recolour } = load("lib/colours.js");
metrics.page.colours = { light: { text: "#111", line: "#eee" }, dark: { text: "#ddd", line: "#333" } };

test("every colour becomes that of the other theme, wherever it stands, and nothing else changes", () => {
  const figure = {
    data: [{ line: { color: "#111" }, name: "111", visible: true }],
    layout: { shapes: ["#eee", "blue"], title: null },
  };
  assert.deepEqual(recolour(figure, "dark"), {
    data: [{ line: { color: "#ddd" }, name: "111", visible: true }],
    layout: { shapes: ["#333", "blue"], title: null },
  });
});

test("a figure that has the theme keeps it, and the way back is the same", () => {
  const figure = { color: "#ddd" };
  assert.deepEqual(recolour(figure, "dark"), figure);
  assert.deepEqual(recolour(recolour(figure, "light"), "dark"), figure);
});

test("data arrays are shared and not copied", () => {
  const figure = { y: [1, 2], x: Float64Array.of(1), z: { bdata: "AAAA", dtype: "f8" } };
  const made = recolour(figure, "dark");
  assert.ok(made.y === figure.y && made.x === figure.x && made.z === figure.z);
});
