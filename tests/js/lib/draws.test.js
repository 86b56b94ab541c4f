/* Charts are drawn in turns: those in sight first, the rest when there is time, all of them for who asks for them. */
const assert = require("node:assert/strict");
const { beforeEach, test } = require("node:test");
const { load } = require("../metrics.js");

const HEIGHT = 800;
const WIDTH = 400;
/* What waits for the browser, and what has been drawn. */
let soon, idle, drawn, clock;

globalThis.innerHeight = HEIGHT;
globalThis.performance = { now: () => clock };
globalThis.scheduler = { postTask: (work) => soon.push(work) };
globalThis.requestIdleCallback = (work) => idle.push(work);

const plotly = {
  Plots: { resize: async (graph) => drawn.push(`${graph.name} resized`) },
  react: async (graph, data) => {
    clock += 30;
    drawn.push(data === undefined ? graph.name : `${graph.name} ${data}`);
  },
};

const draws = load("lib/dom.js", "lib/events.js", "lib/ticks.js", "lib/draws.js");
draws.take(plotly);

/* As Dash asks for it. */
const ask = (one, data, layout, config) => draws.inTurn(one, { data, layout, config });

function graph(name, top, more = {}) {
  const attributes = new Map();
  return {
    __proto__: {
      clientWidth: WIDTH,
      clientHeight: 200,
      getBoundingClientRect() {
        return { top: this.top, bottom: this.top + 200, width: this.clientWidth };
      },
    },
    name,
    isConnected: true,
    setAttribute: (one, value) => attributes.set(one, value),
    getAttribute: (one) => attributes.get(one),
    removeAttribute: (one) => attributes.delete(one),
    hasAttribute: (one) => attributes.has(one),
    top,
    ...more,
  };
}

/* The browser runs what waits for it. */
function run(works) {
  for (const work of works.splice(0)) work();
}

beforeEach(() => {
  run(soon ?? []);
  [soon, idle, drawn, clock] = [[], [], [], 0];
});

test("a chart in sight is drawn before one that was asked for earlier", () => {
  ask(graph("below", 2000));
  ask(graph("here", 100));
  assert.deepEqual(drawn, []);
  run(soon);
  assert.deepEqual(drawn, ["here"]);
  draws.now();
  run(soon);
});

test("the browser gets its turn after each chart that takes long", () => {
  for (const name of ["one", "two", "three"]) ask(graph(name, 0));
  run(soon);
  assert.deepEqual(drawn, ["one"]);
  run(soon);
  run(soon);
  assert.deepEqual(drawn, ["one", "two", "three"]);
});

test("what is out of sight waits until the browser is idle, the nearest first, one at a time", () => {
  ask(graph("far", 3000));
  ask(graph("near", 1000));
  run(soon);
  assert.deepEqual(drawn, []);
  run(idle);
  assert.deepEqual(drawn, ["near"]);
  run(soon);
  assert.equal(drawn.length, 1);
  run(idle);
  assert.deepEqual(drawn, ["near", "far"]);
});

test("what is scrolled to is drawn at once", () => {
  const one = graph("one", 1000);
  ask(one);
  run(soon);
  one.top = 700;
  document.dispatchEvent(new Event("scroll"));
  run(soon);
  assert.deepEqual(drawn, ["one"]);
  run(idle);
  assert.deepEqual(drawn, ["one"]);
});

test("who needs all charts has them drawn now", async () => {
  const promises = [ask(graph("here", 0)), ask(graph("far", 9000)), ask(graph("x", 0))];
  draws.now();
  assert.deepEqual(drawn, ["here", "far", "x"]);
  await Promise.all(promises);
  run(soon);
  assert.equal(drawn.length, 3);
});

test("of two figures for one chart the newer is drawn, and both have come then", async () => {
  const one = graph("one", 0);
  const promises = [ask(one, "old"), ask(one, "new")];
  run(soon);
  assert.deepEqual(drawn, ["one new"]);
  await Promise.all(promises);
});

test("a chart says that it is not of the present answer until it is drawn", () => {
  const one = graph("one", 0);
  ask(one);
  assert.ok(one.hasAttribute("data-waiting"));
  run(soon);
  assert.ok(!one.hasAttribute("data-waiting"));
});

test("a chart that went with its card is not drawn, and nobody waits for it", async () => {
  const promise = ask(graph("gone", 0, { isConnected: false }));
  run(soon);
  assert.deepEqual(drawn, []);
  await promise;
});

test("a chart that can't be drawn is no trouble of the next", async () => {
  draws.take({
    ...plotly,
    react: (one) => {
      if (one.name === "bad") throw new Error("no");
      drawn.push(one.name);
    },
  });
  const bad = ask(graph("bad", 0));
  ask(graph("good", 0));
  run(soon);
  assert.deepEqual(drawn, ["good"]);
  await assert.rejects(bad, /no/);
});

test("a chart whose place has not changed is not drawn once more", async () => {
  const one = graph("one", 0, { _fullLayout: { width: WIDTH, height: 200 } });
  await plotly.Plots.resize(one);
  assert.deepEqual(drawn, []);
  one.clientWidth = WIDTH / 2;
  await plotly.Plots.resize(one);
  assert.deepEqual(drawn, ["one resized"]);
});

test("what waits to be of another range is told from what a tick brings", () => {
  const meta = { start: 0, end: 1000, step: "1m" };
  const waits = (next) => {
    const one = graph("one", 100, { _fullLayout: { meta } });
    ask(one, [], { meta: { ...meta, ...next } });
    return one.getAttribute("data-waiting");
  };
  assert.equal(waits({ start: 10, end: 1010 }), "");
  assert.equal(waits({ end: 2000 }), "range");
  assert.equal(waits({ start: 1000, end: 2000 }), "range");
  assert.equal(waits({ step: "5m" }), "range");
  const fresh = graph("fresh", 100);
  ask(fresh, [], { meta });
  assert.equal(fresh.getAttribute("data-waiting"), "");
  run(soon);
});

test("all that wait are looked at before one of them is drawn: a look after each lays out the page as often", () => {
  const seen = [];
  draws.take({ ...plotly, react: async (one) => seen.push(`${one.name} drawn`) });
  const looked = (name) => ({
    getBoundingClientRect() {
      seen.push(`${name} seen`);
      return { top: 0, bottom: 200, width: WIDTH };
    },
  });
  for (const name of ["one", "two"]) ask(graph(name, 0, looked(name)));
  run(soon);
  assert.deepEqual(seen, ["one seen", "two seen", "one drawn", "two drawn"]);
});

test("Plotly is told how large a graph is, and how it is used while it is new; later it asks", async () => {
  const told = [];
  const react = async (one, _data, layout, config) => {
    told.push([{ ...layout }, config]);
    Object.assign(one, { layout, _fullLayout: { width: 1, height: 1 } });
  };
  const page = { ...plotly, Plots: { resize: async () => told.push("resized") }, react };
  draws.take(page);
  const one = graph("one", 0);
  ask(one, [], { title: "a" }, { used: 1 });
  run(soon);
  ask(one, [], { title: "b" }, { used: 1 });
  run(soon);
  const size = { width: WIDTH, height: 200, autosize: false, xaxis: {} };
  assert.deepEqual(told[0], [{ title: "a", ...size }, { used: 1 }]);
  assert.deepEqual(told[1], [{ title: "b", ...size }, undefined]);
  assert.deepEqual(one.layout, { title: "b", xaxis: {}, width: undefined, height: undefined, autosize: true });
  await page.Plots.resize(one);
  assert.equal(told.length, 2, "it is as large as its place since this turn");
  run(soon);
  await page.Plots.resize(one);
  assert.equal(told[2], "resized");
});

test("while a chart is drawn, what the page said of its size holds: to ask again lays out the page", () => {
  const seen = [];
  let asked = 0;
  const one = graph("one", 0);
  const size = {
    get() {
      asked += 1;
      return 200;
    },
  };
  Object.defineProperty(Object.getPrototypeOf(one), "clientHeight", size);
  draws.take({ ...plotly, react: async ({ clientWidth, clientHeight }) => seen.push([clientWidth, clientHeight]) });
  ask(one);
  run(soon);
  assert.deepEqual(seen, [[WIDTH, 200]]);
  assert.equal(asked, 1);
  assert.equal(one.clientHeight, 200);
  assert.equal(asked, 2, "and no longer");
});

test("whoever goes by a chart's figure has it before it is drawn", () => {
  const told = [];
  globalThis.metrics.events.on("figure", (detail) => told.push(detail));
  const one = graph("one", 5000);
  ask(one, [], { meta: { step: "1m" } });
  ask(graph("none", 5000), [], {});
  assert.equal(told.length, 1);
  assert.equal(told[0].graph, one);
  assert.deepEqual(told[0].figure.layout.meta, { step: "1m" });
  draws.now();
});

test("where a new chart is, Plotly is told as well, so that it need not look at every element around", () => {
  const rect = { top: 0, bottom: 200, width: WIDTH };
  let looks = 0;
  const one = graph("one", 0);
  Object.getPrototypeOf(one).getBoundingClientRect = () => {
    looks += 1;
    return rect;
  };
  const layouts = [];
  const react = async (drawn) => {
    drawn._fullLayout ??= { width: WIDTH, height: 200 };
    layouts.push([drawn.getBoundingClientRect(), { ...drawn._fullLayout }]);
  };
  draws.take({ ...plotly, react });
  ask(one);
  run(soon);
  assert.equal(looks, 1);
  assert.equal(layouts[0][0], rect);
  assert.equal(layouts[0][1]._lastBBox, rect);
  assert.deepEqual([layouts[0][1]._invScaleX, layouts[0][1]._invTransform[1]], [1, [0, 1, 0, 0]]);
  one.getBoundingClientRect();
  assert.equal(looks, 2, "afterwards the page is asked");
});

test("once all else that an answer brings is there, charts are drawn before the page is painted", () => {
  const priorities = [];
  globalThis.scheduler.postTask = (work, { priority } = {}) => {
    priorities.push(priority);
    soon.push(work);
  };
  draws.take({ ...plotly, react: async ({ name }) => drawn.push(name) });
  ask(graph("one", 0));
  globalThis.metrics.events.announce("answer", {});
  ask(graph("two", 0));
  assert.equal(priorities[0], undefined);
  assert.ok(priorities.slice(1).length > 0 && priorities.slice(1).every((one) => one === "user-blocking"));
  run(soon);
  run(soon);
  assert.deepEqual(drawn, ["one", "two"]);
  globalThis.metrics.events.announce("answer", {});
  assert.deepEqual(soon, [], "there is nothing to draw");
  globalThis.scheduler.postTask = (work) => soon.push(work);
});
