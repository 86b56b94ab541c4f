const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

window.addEventListener = () => {};
document.getElementById = () => null;
const { fitting } = load("lib/dom.js", "lib/events.js", "page/tabbar.js");

test("all tabs stay where all of them fit", () => {
  assert.deepEqual(fitting([50, 50, 50], 10, 170, 40, 0), [0, 1, 2]);
});

test("of more than fit the first stay beside the menu's button", () => {
  assert.deepEqual(fitting([50, 50, 50], 10, 169, 40, 0), [0, 1]);
  assert.deepEqual(fitting([50, 50, 50, 50], 10, 100, 40, 0), [0]);
});

test("the chosen one is always among them, in its place", () => {
  assert.deepEqual(fitting([50, 50, 50, 50], 10, 160, 40, 3), [0, 3]);
  assert.deepEqual(fitting([50, 50, 50, 50], 10, 20, 40, 2), [2]);
});

test("where none is chosen yet the first stays", () => {
  assert.deepEqual(fitting([50, 50], 10, 20, 40, -1), [0]);
});
