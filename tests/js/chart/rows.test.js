const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const rows = load("chart/rows.js");
const COLUMNS = [
  { name: "Time", kind: "time", values: [0, 60000, 120000] },
  { name: "true, or not", kind: "number", values: [1.5, null, 4], adds: true },
  { name: "realm", kind: "text", values: ["Jabbit", '=1+1 "x"', null] },
];

test("a row holds what is searched where each word is in one of its cells", () => {
  assert.equal(rows.holds(["Sat 1 Feb 12:00", "1,234", "Jabbit"], "jab 12:0"), true);
  assert.equal(rows.holds(["Sat 1 Feb 12:00", "1,234", "Jabbit"], "jab 13:0"), false);
  assert.equal(rows.holds(["anything"], ""), true);
});

test("only what adds up has a total, of the rows that are shown", () => {
  assert.equal(rows.total(COLUMNS[1], [0, 1, 2]), 5.5);
  assert.equal(rows.total(COLUMNS[1], [1]), null);
  assert.equal(rows.total({ ...COLUMNS[1], adds: false }, [0]), null);
});

test("rows are saved as they are shown, and no cell is a formula", () => {
  assert.equal(
    rows.csv(rows.lines(COLUMNS, [1, 0])),
    'Time,"true, or not",realm\r\n1970-01-01T00:01:00.000Z,,"\'=1+1 ""x"""\r\n1970-01-01T00:00:00.000Z,1.5,Jabbit\r\n',
  );
  assert.equal(rows.csv([["-5", "+x"]]), "-5,'+x\r\n");
  assert.equal(rows.csv([[" =1", "＝1", " a", "\n=1"]]), "' =1,'＝1, a,\"'\n=1\"\r\n");
});

test("rows are copied as spreadsheets take them", () => {
  assert.equal(
    rows.tabbed([
      ["a", "b\tc"],
      ["@d", "-1"],
    ]),
    "a\tb c\n'@d\t-1",
  );
});
