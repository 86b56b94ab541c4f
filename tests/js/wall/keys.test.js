const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

/* The window hears what the document has heard. */
const above = new EventTarget();
globalThis.addEventListener = (...heard) => above.addEventListener(...heard);
const done = [];
let dialog = null;
document.querySelector = () => dialog;
Object.assign(metrics, {
  dom: { around: () => null },
  keysheet: { isOn: () => true },
  notice: { say: () => {} },
  range: { step: (name) => done.push(name) },
  rotation: { turn: (step) => done.push(step), isHeld: () => false, hold: () => done.push("hold") },
  url: { isKiosk: () => true, go: (changes) => done.push(changes) },
});
metrics.page.rangeKeys = [{ key: "1", range: "1h", title: "Last hour" }];
load("lib/events.js", "page/keyboard.js", "wall/keys.js");

function press(key) {
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key });
  document.dispatchEvent(event);
  above.dispatchEvent(event);
  return done.splice(0);
}

test("a wall's keys turn it, hold it and leave it", () => {
  assert.deepEqual(press("ArrowRight"), [1]);
  assert.deepEqual(press(" "), ["hold"]);
  assert.deepEqual(press("Escape"), [{ kiosk: "", value: "" }]);
});

test("a key that the page awaits is the page's, and the wall stays", () => {
  press("t");
  assert.deepEqual(press("Escape"), []);
  press("t");
  assert.deepEqual(press("1"), [{ range: "1h", from: "", to: "" }]);
});

test("a dialog's keys are its own", () => {
  dialog = {};
  assert.deepEqual(press("Escape"), []);
  dialog = null;
});
