const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { valueAt, rowsOf } = load("lib/graphs.js", "chart/grid.js", "chart/values.js");
const named = (...names) => Object.fromEntries(names.map((name) => [`key-${name}`, { name, label: name }]));
const GRID = { first: 0, step: 60000, count: 3 };
const META = { grid: GRID, offset: 3600000, draw: "line", series: named("all", "b", "before") };
const START = "1970-01-01 01:00";

const trace = (more) => ({
  legendgroup: "key-all",
  visible: true,
  meta: "value",
  x0: START,
  dx: 60000,
  y: [1, null, 3],
  line: { color: "red" },
  ...more,
});
const rows = (traces, index = 0) => rowsOf({ _fullLayout: { meta: META }, _fullData: traces }, index);

test("a value is read where its bucket stands on the axis, and a gap is none", () => {
  assert.deepEqual(
    [0, 1, 2].map((index) => valueAt(trace(), 3600000 + index * 60000)),
    [1, null, 3],
  );
  assert.equal(valueAt(trace({ y: [Number.NaN] }), 3600000), null);
});

test("beside the buckets nothing is read", () => {
  for (const x of [3540000, 3630000, 3780000]) assert.equal(valueAt(trace(), x), null);
});

test("points with places of their own are read at those alone", () => {
  const listed = trace({ x: [START, "1970-01-01 01:02:00"], x0: undefined, y: [5, 6] });
  assert.deepEqual(
    [0, 1, 2].map((index) => valueAt(listed, 3600000 + index * 60000)),
    [5, null, 6],
  );
});

test("a series is one row, of whatever traces it is drawn", () => {
  const band = [trace({ meta: "low", name: "low", y: [0] }), trace({ meta: "high", name: "high", y: [9] })];
  assert.deepEqual(rows([...band, trace()]), [
    { name: "all", group: "key-all", colour: "red", low: 0, high: 9, value: 1 },
  ]);
});

test("a value that is a bound has its sign, in that bucket alone", () => {
  const doubted = { ...META, doubt: { sign: "≥", at: [0] } };
  const read = (index) => rowsOf({ _fullLayout: { meta: doubted }, _fullData: [trace()] }, index)[0].sign;
  assert.deepEqual([read(0), read(2)], ["≥", undefined]);
});

test("a zero that a logarithmic axis can't show is read all the same", () => {
  const zeros = trace({ meta: "zero", y: [null, 0, null] });
  assert.deepEqual(
    [0, 1, 2].map((index) => rows([trace(), zeros], index)[0].value),
    [1, 0, 3],
  );
});

test("a value below zero that a logarithmic axis can't show is read as what it is", () => {
  const unseen = trace({ meta: "zero", y: [null, 2, 2], customdata: [null, -5, 0] });
  assert.deepEqual(
    [0, 1, 2].map((index) => rows([trace({ y: [4, null, null] }), unseen], index)[0].value),
    [4, -5, 0],
  );
});

test("what is switched off and what only helps the drawing says nothing", () => {
  assert.deepEqual(rows([trace({ visible: "legendonly" }), trace({ meta: "anchor" }), trace({ meta: undefined })]), []);
  assert.deepEqual(rows([trace({ meta: "cells" })]), []);
});

test("what it is compared with comes last, one row for each", () => {
  const found = rows([
    trace({ meta: "before", legendgroup: "key-before", y: [8] }),
    trace(),
    trace({ legendgroup: "key-b", y: [2] }),
  ]);
  assert.deepEqual(
    found.map(({ name, value, before }) => [name, value, Boolean(before)]),
    [
      ["all", 1, false],
      ["b", 2, false],
      ["before", 8, true],
    ],
  );
});

test("the swatch has the colour that is seen", () => {
  const bar = trace({ type: "bar", marker: { color: "blue" } });
  const striped = trace({ type: "bar", marker: { color: "white", pattern: { shape: "/", fgcolor: "green" } } });
  assert.deepEqual(
    [bar, striped, trace({ mode: "markers", marker: { color: "pink" } })].map((one) => rows([one])[0].colour),
    ["blue", "green", "pink"],
  );
});
