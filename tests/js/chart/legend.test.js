const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { entries, fitting } = load(
  "lib/dom.js",
  "lib/events.js",
  "lib/url.js",
  "lib/graphs.js",
  "chart/series.js",
  "chart/legend.js",
);
const layout = { meta: { series: { a: { name: "x", label: "zone: x" }, b: { name: "y", label: "y" } } } };

test("a legend has each series once, in the order in which it is read off, and knows which are off", () => {
  const data = [
    { meta: "anchor", showlegend: false },
    { legendgroup: "a", showlegend: true, type: "bar", marker: { color: "#111" }, visible: true },
    { legendgroup: "a", showlegend: false, type: "bar", marker: { color: "#222" }, visible: true },
    { legendgroup: "b", showlegend: true, type: "scatter", line: { color: "#333" }, visible: "legendonly" },
  ];
  assert.deepEqual(entries({ data, layout }, new Set(["y"])), [
    { key: "a", name: "x", label: "zone: x", colour: "#111", off: false },
    { key: "b", name: "y", label: "y", colour: "#333", off: true },
  ]);
});

test("a series that stands alone needs no legend", () => {
  assert.deepEqual(entries({ data: [{ legendgroup: "a", showlegend: true, line: {} }], layout }, new Set()), []);
});

test("a legend is one line: what doesn't fit beside the number of the rest is left to it", () => {
  assert.equal(fitting([50, 50, 50], 174, 12), 3);
  assert.equal(fitting([50, 50, 50], 173, 12), 2);
  assert.equal(fitting([50, 50, 50], 160, 12), 1);
  assert.equal(fitting([300, 50], 200, 12), 0);
  assert.equal(fitting([], 200, 12), 0);
});

test("a legend of larger type has wider gaps, and what says how many are left is wider", () => {
  assert.equal(fitting([100, 100, 100], 348, 24), 3);
  assert.equal(fitting([100, 100, 100], 347, 24), 2);
  assert.equal(fitting([100, 100, 100], 320, 24), 1);
});

globalThis.getComputedStyle = () => ({ fontSize: "12px" });

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
  globalThis.location = { search: "", pathname: "/here/" };
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

test("what is pressed is what the address says, whatever figure comes before or after a click", () => {
  const line = element("div");
  document.getElementById = (id) => (id === "legend-two" ? line : null);
  document.createElement = element;
  globalThis.requestAnimationFrame = (work) => work();
  globalThis.location = { search: "?hidden=one:x", pathname: "/here/" };
  globalThis.history = {
    replaceState(_state, _title, target) {
      location.search = target;
    },
  };
  globalThis.Plotly = { restyle() {} };
  globalThis.dispatchEvent = () => true;
  const traces = (...off) =>
    ["a", "b"].map((key) => ({
      legendgroup: key,
      showlegend: true,
      line: {},
      visible: off.includes(key) ? "legendonly" : true,
    }));
  const graph = { closest: () => ({ id: "card-two" }), _fullLayout: layout, _fullData: traces() };
  const show = (...off) =>
    globalThis.metrics.events.announce("figure", { graph, figure: { data: traces(...off), layout } });
  const pressed = () => line.querySelectorAll("button").map((button) => button.pressed["aria-pressed"]);
  const asked = [];
  globalThis.metrics.events.on("ask", ({ reason }) => asked.push(reason));
  show();
  assert.deepEqual(pressed(), ["true", "true"]);
  globalThis.metrics.series.toggle(graph, "a");
  assert.deepEqual([pressed(), location.search], [["false", "true"], "?hidden=one:x&hidden=two:x"]);
  show();
  assert.deepEqual(pressed(), ["false", "true"]);
  /* Of the picture that stands, which is of the address before, nothing is taken. */
  globalThis.metrics.series.toggle(graph, "b");
  assert.deepEqual(pressed(), ["false", "false"]);
  show("a");
  globalThis.metrics.series.toggle(graph, "a");
  assert.deepEqual([pressed(), location.search], [["true", "false"], "?hidden=one:x&hidden=two:y"]);
  globalThis.metrics.series.alone(graph, "b");
  assert.deepEqual(pressed(), ["false", "true"]);
  globalThis.metrics.series.alone(graph, "b");
  assert.deepEqual([pressed(), location.search], [["true", "true"], "?hidden=one:x"]);
  assert.deepEqual(asked, Array(5).fill("tick"));
});
