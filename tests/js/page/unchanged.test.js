const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const unchanged = load("page/unchanged.js");

const LOGINS = '{"chart":"logins","type":"headline"}';
const GRAPH = '{"chart":"logins","type":"graph"}';
const number = (text) => ({ children: [{ type: "Span", props: { children: text } }] });

/* What is left of an answer, by the ids of Dash. */
function left(parts, brings = "traces") {
  const whole = { answer: { data: { brings } }, ...parts };
  unchanged.leaveOut(whole, brings);
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
  assert.deepEqual(left({ board: number("cards"), footer: number("a") }, "cards"), ["board", "footer"]);
  assert.deepEqual(left({ [LOGINS]: number("1") }), [LOGINS]);
});
