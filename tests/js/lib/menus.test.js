const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const menus = load("lib/dom.js", "lib/menus.js");

/* A menu that stands open, with a button in it, and what was done to it. */
function menu() {
  const done = [];
  const summary = { focus: () => done.push("focused") };
  const details = {
    removeAttribute: (name) => done.push(`no longer ${name}`),
    querySelector: () => summary,
    contains: (element) => element === button,
  };
  const button = { closest: () => details };
  return { done, summary, details, button };
}

test("leaving a menu closes it and gives the focus back to its button", () => {
  const { done, summary, button } = menu();
  assert.equal(menus.leave(button), summary);
  assert.deepEqual(done, ["no longer open", "focused"]);
});

test("leaving for a place that takes the focus itself leaves the focus alone", () => {
  const { done, summary, button } = menu();
  assert.equal(menus.leave(button, { focus: false }), summary);
  assert.deepEqual(done, ["no longer open"]);
});

test("outside of a menu there is none to leave", () => {
  assert.equal(menus.leave({ closest: () => null }), null);
});

test("Escape closes what is open, a click closes what it is not in", () => {
  const [one, other] = [menu(), menu()];
  document.querySelectorAll = () => [one.details, other.details];
  document.dispatchEvent(Object.assign(new Event("keydown"), { key: "Enter" }));
  assert.deepEqual([one.done, other.done], [[], []]);
  document.dispatchEvent(Object.assign(new Event("keydown"), { key: "Escape" }));
  assert.deepEqual([one.done.length, other.done.length], [2, 2]);
  const click = new Event("click");
  Object.defineProperty(click, "target", { value: one.button });
  document.dispatchEvent(click);
  assert.deepEqual([one.done.length, other.done.length], [2, 3]);
});

test("arrows move round, Home and End to the ends, letters to what begins with them", () => {
  const words = ["off", "5 s", "10 s", "1 min", "pause"];
  const at = (key, present) => menus.placeFor(key, words, present);
  assert.deepEqual([at("ArrowDown", -1), at("ArrowDown", 4), at("ArrowUp", -1), at("ArrowUp", 1)], [0, 0, 4, 0]);
  assert.deepEqual([at("Home", 3), at("End", 0)], [0, 4]);
  assert.deepEqual([at("1", -1), at("1", 2), at("1", 3), at("P", 0), at("x", 0), at(" ", 0)], [2, 3, 2, 4, -1, -1]);
  assert.equal(menus.placeFor("ArrowDown", [], -1), -1);
});

test("what stands out of the window goes back into it, and begins in it where it is wider", () => {
  assert.equal(menus.inside({ left: 10, right: 310 }, 320), 0);
  assert.equal(menus.inside({ left: 30, right: 330 }, 340), 0);
  assert.equal(menus.inside({ left: 100, right: 330 }, 320), -18);
  assert.equal(menus.inside({ left: -90, right: 180 }, 320), 98);
  assert.equal(menus.inside({ left: 100, right: 500 }, 320), -92);
});
