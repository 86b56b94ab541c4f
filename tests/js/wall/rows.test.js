const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { fit } = load("lib/dom.js", "lib/events.js", "wall/rows.js");
const SIZES = { row: 40, fixed: 70, more: 40 };

test("all rows are shown where there is room for them", () => {
  assert.deepEqual(fit(270, { ...SIZES, rows: 5 }), { shown: 5, height: 270 });
  assert.deepEqual(fit(500, { ...SIZES, rows: 5 }), { shown: 5, height: 500 });
});

test("where there is none, whole rows and a line that says how many more there are", () => {
  assert.deepEqual(fit(269, { ...SIZES, rows: 5 }), { shown: 3, height: 230 });
  assert.deepEqual(fit(330, { ...SIZES, rows: 20 }), { shown: 5, height: 310 });
});

test("no room at all shows no row", () => {
  assert.equal(fit(60, { ...SIZES, rows: 5 }).shown, 0);
});
