const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { order, cellText, sortedAnew } = load("lib/time.js", "chart/rows.js", "chart/table.js");

test("numbers are sorted as numbers, and texts as people count", () => {
  assert.deepEqual(order([10, 9, -1], false), [2, 1, 0]);
  assert.deepEqual(order(["v10", "v9", "v1"], false), [2, 1, 0]);
  assert.deepEqual(order([10, 9, -1], true), [0, 1, 2]);
});

test("what there is none of comes last in both directions", () => {
  assert.deepEqual(order([null, 2, null, 1], false), [3, 1, 0, 2]);
  assert.deepEqual(order([null, 2, null, 1], true), [1, 3, 0, 2]);
});

test("equal values stay as they came", () => {
  assert.deepEqual(order([1, 1, 0], true), [0, 1, 2]);
});

test("the first click on a number sorts the largest first, a second one turns that round", () => {
  const first = sortedAnew({ column: 0, descending: true }, 2, "number");
  assert.deepEqual(first, { column: 2, descending: true });
  assert.deepEqual(sortedAnew(first, 2, "number"), { column: 2, descending: false });
  assert.deepEqual(sortedAnew(first, 1, "text"), { column: 1, descending: false });
});

test("cells say numbers exactly, moments in the picture's zone, and gaps as such", () => {
  metrics.answer = { zone: "Europe/Berlin" };
  const moment = Date.parse("2020-02-01T11:00:00.042Z");
  assert.equal(cellText(-1234.5678, "number"), "−1,234.5678");
  assert.equal(cellText(moment, "time", "5m"), "Sat 1 Feb 12:00");
  assert.equal(cellText(moment, "time", "1w"), "Sat 1 Feb 2020");
  assert.equal(cellText(moment, "time"), "Sat 2020-02-01 12:00:00.042");
  assert.deepEqual(
    [null, undefined, 0, false, ""].map((value) => cellText(value, "text")),
    ["–", "–", "0", "false", ""],
  );
});
