const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const unchanged = load("lib/events.js", "page/unchanged.js");

const LOGINS = '{"chart":"logins","type":"headline"}';
const GRAPH = '{"chart":"logins","type":"graph"}';
const number = (text) => ({ children: [{ type: "Span", props: { children: text } }] });

let questions = 0;

/* What is left of an answer, by the ids of Dash; which puts it on the page, or drops it. */
function left(parts, { brings = "traces", dropped = false } = {}) {
  const answer = { number: ++questions, brings };
  const whole = { answer: { data: answer }, ...parts };
  unchanged.leaveOut(whole, answer);
  if (!dropped) globalThis.metrics.events.announce("answer", answer);
  return Object.keys(whole).filter((id) => id !== "answer");
}

test("what an answer says as the one before did is left out, and comes again once it is another", () => {
  assert.deepEqual(left({ [LOGINS]: number("1"), footer: number("a") }), [LOGINS, "footer"]);
  assert.deepEqual(left({ [LOGINS]: number("1"), footer: number("b") }), ["footer"]);
  assert.deepEqual(left({ [LOGINS]: number("2") }), [LOGINS]);
  assert.deepEqual(left({ [LOGINS]: number("1") }), [LOGINS]);
});

test("a chart is drawn at each tick, also of the same traces", () => {
  const figure = { figure: { __dash_patch_update: [] } };
  assert.deepEqual(left({ [GRAPH]: figure }), [GRAPH]);
  assert.deepEqual(left({ [GRAPH]: figure }), [GRAPH]);
});

test("new cards have been told nothing yet", () => {
  left({ [LOGINS]: number("1") });
  assert.deepEqual(left({ board: number("cards"), footer: number("a") }, { brings: "cards" }), ["board", "footer"]);
  assert.deepEqual(left({ [LOGINS]: number("1") }), [LOGINS]);
});

test("what was dropped on its way is not taken for what stands there", () => {
  left({ [LOGINS]: number("1") });
  left({ [LOGINS]: number("2") }, { dropped: true });
  assert.deepEqual(left({ [LOGINS]: number("2") }), [LOGINS]);
  assert.deepEqual(left({ [LOGINS]: number("2") }), []);
});

test("what may stand there by now, or not, is said again either way", () => {
  left({ [LOGINS]: number("1") });
  left({ [LOGINS]: number("2") }, { dropped: true });
  assert.deepEqual(left({ [LOGINS]: number("1") }), [LOGINS]);
});
