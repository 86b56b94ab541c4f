const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { entries, fitting } = load("lib/dom.js", "lib/events.js", "lib/graphs.js", "chart/legend.js");
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

/* A line with room for one of its series: the rest are in an open menu. */
function element(tag) {
  const made = new EventTarget();
  Object.assign(made, { tag, children: [], pressed: {}, style: {}, offsetWidth: 100, clientWidth: 150 });
  made.append = (...children) => made.children.push(...children);
  made.replaceChildren = (...children) => {
    made.children = children;
  };
  made.setAttribute = (name, value) => {
    made.pressed[name] = value;
  };
  made.querySelector = () => made.children.find((child) => child.tag === "details") ?? null;
  made.querySelectorAll = () => made.children.filter((child) => child.tag === "button");
  return made;
}

test("another order of the series is shown though the menu of the rest is open", () => {
  const line = element("div");
  document.getElementById = () => line;
  document.createElement = element;
  globalThis.requestAnimationFrame = (work) => work();
  const graph = { closest: () => ({ id: "card-one" }) };
  const show = (...keys) => {
    const data = keys.map((key) => ({ legendgroup: key, showlegend: true, line: {} }));
    globalThis.metrics.events.announce("figure", { graph, figure: { data, layout } });
  };
  show("a", "b");
  assert.equal(line.children[0].title, "zone: x");
  show("b", "a");
  assert.equal(line.children[0].title, "y");
});
