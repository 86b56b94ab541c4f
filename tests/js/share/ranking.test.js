const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { fitting, cut, height } = load("share/ranking.js");
const row = (text, part = "body") => ({ cells: [{ text, kind: "value" }], share: 0, line: [], part });
const names = (rows) => rows.map(({ cells }) => cells[0].text);
const table = (many, rest = true) => [
  row("zone", "head"),
  ...Array.from({ length: many }, (_, at) => row(`zone ${at + 1}`)),
  ...(rest ? [row("other", "rest")] : []),
];

test("rows that fit are drawn as they stand", () => {
  assert.deepEqual(names(fitting(table(2), 4)), ["zone", "zone 1", "zone 2", "other"]);
});

test("of rows that do not fit it is said how many are left out, and head and rest stay", () => {
  assert.deepEqual(names(fitting(table(10), 5)), ["zone", "zone 1", "zone 2", "and 8 more", "other"]);
  assert.deepEqual(names(fitting(table(10, false), 4)), ["zone", "zone 1", "zone 2", "and 8 more"]);
});

test("a table is as high as its rows", () => {
  assert.equal(height({ rows: table(10) }), 12 * 26);
});

test("a value that is too long ends in an ellipsis, whatever its letters are made of", () => {
  const wide = (text) => [...text].length * 10;
  assert.equal(cut("forest", 60, wide), "forest");
  assert.equal(cut("forest", 50, wide), "fore…");
  assert.equal(cut("🌲🌲🌲🌲", 30, wide), "🌲🌲…");
  assert.equal(cut("x".repeat(5000), 50, wide), "xxxx…");
});
