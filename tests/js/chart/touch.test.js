const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

/* A chart of 100 px from x = 0; whatever lies at 200 and beyond is none. */
const graph = { isConnected: true };
const done = [];
let timers = [];
globalThis.navigator ??= {};
globalThis.setTimeout = (work) => timers.push(work);
globalThis.clearTimeout = () => {
  timers = [];
};
Object.assign(globalThis.metrics, {
  events: { on: () => {} },
  dom: { around: (event, _) => event.on ?? null },
  graphs: { of: () => graph },
  pointer: {
    under: ({ clientX: x }) => (x < 200 ? { graph, x, moment: x * 1000 } : null),
    along: (_, { clientX: x }) => Math.max(0, Math.min(100, x)),
    momentAt: (_, x) => x * 1000,
  },
  crosshair: { pin: (_, moment) => done.push(`pin ${moment / 1000}`), hide: () => done.push("hide") },
  selection: {
    paint: ({ from, to }) => done.push(`paint ${from}–${to}`),
    unpaint: () => {},
    choose: ({ from, to, alone }) => done.push(`choose ${from}–${to}${alone ? " alone" : ""}`),
  },
});
load("chart/touch.js");

/* The fingers' own clock (ms): it goes on where one rests. */
let now = 0;

function finger(kind, id, clientX, clientY = 50, more = {}) {
  const event = new Event(`pointer${kind}`);
  Object.defineProperty(event, "timeStamp", { value: now });
  Object.assign(event, { pointerType: "touch", pointerId: id, isPrimary: id === 1, clientX, clientY, ...more });
  document.dispatchEvent(event);
}

/* What the page does where it hears of nothing for long. */
const wait = () => {
  for (const work of timers.splice(0)) work();
};

const rest = () => {
  now += 500;
  wait();
};

function told() {
  return done.splice(0);
}

test("a tap pins, also one that trembles, and one elsewhere unpins", () => {
  finger("down", 1, 30);
  finger("move", 1, 34);
  finger("up", 1, 34);
  assert.deepEqual(told(), ["pin 30"]);
  finger("down", 1, 300);
  finger("up", 1, 300);
  assert.deepEqual(told(), ["hide"]);
});

test("a tap on a control beside the chart leaves the crosshair", () => {
  finger("down", 1, 300);
  finger("up", 1, 300, 50, { on: "a button" });
  assert.deepEqual(told(), []);
});

test("a finger that goes along reads, also past the edges, and is no tap when it is lifted", () => {
  finger("down", 1, 30);
  finger("move", 1, 60, 58);
  finger("move", 1, 150, 300);
  finger("up", 1, 150, 300);
  assert.deepEqual(told(), ["pin 60", "pin 100"]);
});

test("a finger that goes up or down means nothing, whether the browser takes it or not", () => {
  finger("down", 1, 30);
  finger("move", 1, 32, 80);
  finger("move", 1, 90, 80);
  finger("up", 1, 90, 80);
  finger("down", 1, 30);
  finger("cancel", 1, 30);
  rest();
  finger("up", 1, 30);
  assert.deepEqual(told(), []);
});

test("a finger that rests chooses from where it stood", () => {
  finger("down", 1, 30);
  rest();
  finger("move", 1, 70, 90);
  finger("up", 1, 70, 90);
  assert.deepEqual(told(), ["pin 30", "paint 30–30", "pin 70", "paint 30–70", "choose 30–70"]);
});

test("a finger that went before, and is heard of late, reads", () => {
  finger("down", 1, 30);
  wait();
  finger("move", 1, 70);
  finger("up", 1, 70);
  assert.deepEqual(told(), ["pin 30", "paint 30–30", "hide", "pin 70"]);
});

test("a finger that went before is told by the moves that the browser put together", () => {
  finger("down", 1, 30);
  rest();
  finger("move", 1, 70, 50, { getCoalescedEvents: () => [{ timeStamp: now - 300, clientX: 50, clientY: 50 }] });
  finger("up", 1, 70);
  assert.deepEqual(told(), ["pin 30", "paint 30–30", "hide", "pin 70"]);
});

test("a finger that went up or down before, and is heard of late, leaves nothing", () => {
  finger("down", 1, 30);
  wait();
  finger("move", 1, 32, 80);
  finger("cancel", 1, 32, 80);
  assert.deepEqual(told(), ["pin 30", "paint 30–30", "hide"]);
});

test("where the browser takes a finger that seemed to rest, nothing stays", () => {
  finger("down", 1, 30);
  wait();
  finger("cancel", 1, 30);
  assert.deepEqual(told(), ["pin 30", "paint 30–30", "hide"]);
});

test("a finger that rests and is lifted there chooses nothing", () => {
  finger("down", 1, 30);
  rest();
  finger("up", 1, 33);
  assert.deepEqual(told(), ["pin 30", "paint 30–30"]);
});

test("two fingers choose what lies between them, once, when the first is lifted", () => {
  finger("down", 1, 30);
  finger("down", 2, 60);
  finger("move", 1, 20);
  finger("move", 2, 80);
  finger("up", 1, 20);
  finger("move", 2, 90);
  finger("up", 2, 90);
  assert.deepEqual(
    told().filter((one) => !one.startsWith("pin")),
    ["paint 30–60", "paint 20–60", "paint 20–80", "choose 20–80"],
  );
});

test("a third finger, and one beside the chart, end it", () => {
  for (const [place, last] of /** @type {const} */ ([
    [50, "hide"],
    [300, undefined],
  ])) {
    finger("down", 1, 30);
    finger("down", 2, place);
    finger("down", 3, 70);
    assert.equal(told().at(-1), last);
    for (const id of [1, 2, 3]) finger("up", id, 90);
    assert.deepEqual(told(), []);
  }
});

test("a mouse is none of its business", () => {
  finger("down", 1, 30, 50, { pointerType: "mouse" });
  finger("up", 1, 30, 50, { pointerType: "mouse" });
  assert.deepEqual(told(), []);
});
