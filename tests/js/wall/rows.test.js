const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { fit, leastOf, moreText } = load("lib/dom.js", "lib/events.js", "wall/rows.js");
const SIZES = { row: 40, head: 30, foot: 40 };

test("all rows are shown where there is room for them", () => {
  assert.deepEqual(fit(270, { ...SIZES, rows: 5 }), { shown: 5, hasFoot: true, height: 270 });
  assert.deepEqual(fit(500, { ...SIZES, rows: 5 }), { shown: 5, hasFoot: true, height: 500 });
});

test("where there is none, whole rows and a line that says how many more there are", () => {
  assert.deepEqual(fit(269, { ...SIZES, rows: 5 }), { shown: 3, hasFoot: true, height: 230 });
  assert.deepEqual(fit(330, { ...SIZES, rows: 20 }), { shown: 5, hasFoot: true, height: 310 });
});

test("the three greatest values come before all others together", () => {
  assert.deepEqual(fit(229, { ...SIZES, rows: 20 }), { shown: 3, hasFoot: false, height: 190 });
  assert.deepEqual(fit(189, { ...SIZES, rows: 20 }), { shown: 2, hasFoot: false, height: 150 });
  assert.deepEqual(fit(269, { ...SIZES, foot: 0, rows: 20 }), { shown: 4, hasFoot: false, height: 230 });
});

test("no room at all shows no row", () => {
  assert.equal(fit(60, { ...SIZES, rows: 5 }).shown, 0);
});

test("a table needs room for its first three values, and to say that there are more", () => {
  assert.equal(leastOf({ ...SIZES, rows: 20 }), 190);
  assert.equal(leastOf({ ...SIZES, foot: 0, rows: 3 }), 150);
  assert.equal(leastOf({ ...SIZES, foot: 0, rows: 1 }), 70);
  assert.equal(leastOf({ ...SIZES, rows: 3 }), 190);
});

test("what is not shown is said, all others by their name", () => {
  assert.equal(moreText(17, ""), "and 17 more");
  assert.equal(moreText(17, "other"), "and 17 more and other");
  assert.equal(moreText(0, "other"), "and other");
});
