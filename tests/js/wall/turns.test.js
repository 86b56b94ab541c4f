const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { neighbour, isHere, nameOf, part } = load("wall/turns.js");
metrics.page.tabs = [
  { id: "auth", title: "Auth" },
  { id: "combat", title: "Combat" },
];

/* A wall that shows a page of so many, and a value of those that the tab has. */
function shows(tab, { page = 0, pages = 1, value = "", values = [] } = {}) {
  metrics.url = { get: () => tab };
  metrics.pages = { count: () => pages, present: () => page };
  metrics.answer = { rotation: { by: "zone", value, values } };
}

test("pages come before values, and values before the next tab", () => {
  shows("auth", { pages: 2, values: ["north", "south"] });
  assert.deepEqual(neighbour(1, false), { tab: "auth", value: "", page: 1 });
  shows("auth", { page: 1, pages: 2, values: ["north", "south"] });
  assert.deepEqual(neighbour(1, false), { tab: "auth", value: "north", page: 0 });
  shows("auth", { value: "south", values: ["north", "south"] });
  assert.deepEqual(neighbour(1, false), { tab: "combat", value: "", page: 0 });
  shows("combat");
  assert.deepEqual(neighbour(1, false), { tab: "auth", value: "", page: 0 });
});

test("back goes the same way, to the last page of what came before", () => {
  shows("combat", { page: 1, pages: 2 });
  assert.deepEqual(neighbour(-1, false), { tab: "combat", value: "", page: 0 });
  shows("combat", { value: "north", values: ["north"] });
  assert.deepEqual(neighbour(-1, false), { tab: "combat", value: "", page: -1 });
  shows("auth");
  assert.deepEqual(neighbour(-1, false), { tab: "combat", value: "", page: -1 });
});

test("a value that is gone is left for the next tab", () => {
  shows("auth", { value: "west", values: ["north"] });
  assert.deepEqual(neighbour(1, false), { tab: "combat", value: "", page: 0 });
});

test("where the tab stays, all of it comes round again; one screen is nothing to go on to", () => {
  shows("auth", { value: "north", values: ["north"] });
  assert.deepEqual(neighbour(1, true), { tab: "auth", value: "", page: 0 });
  shows("auth", { page: 2, pages: 3 });
  assert.deepEqual(neighbour(1, true), { tab: "auth", value: "", page: 0 });
  shows("auth");
  assert.ok(isHere(neighbour(1, true)));
  assert.ok(isHere(neighbour(-1, true)));
});

test("an unknown tab in the address is the first", () => {
  shows("nowhere");
  assert.equal(neighbour(1, false).tab, "combat");
});

test("what comes is called by what is new about it", () => {
  shows("auth", { pages: 3, values: ["north"] });
  assert.equal(nameOf({ tab: "auth", value: "", page: 1 }), "page 2 of 3");
  assert.equal(nameOf({ tab: "auth", value: "north", page: 0 }), "zone: north");
  assert.equal(nameOf({ tab: "combat", value: "", page: 0 }), "Combat");
});

test("what stands there is said where it is not all of the tab", () => {
  shows("auth");
  assert.equal(part(), "");
  shows("auth", { page: 1, pages: 5 });
  assert.equal(part(), "2 / 5");
  shows("auth", { value: "north", values: ["north"], page: 1, pages: 5 });
  assert.equal(part(), "zone: north · 2 / 5");
});
