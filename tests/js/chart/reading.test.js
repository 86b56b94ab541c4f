const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const reading = load("lib/time.js", "lib/graphs.js", "chart/grid.js", "chart/values.js", "chart/reading.js");
const AUTUMN = Date.parse("2026-10-25T00:30:00Z");
const HOUR = 3600000;
const SERIES = { a: { name: "all", label: "all" }, b: { name: "b", label: "b" } };

function drawn({
  unit = "ms",
  zone = "UTC",
  offset = 0,
  first = AUTUMN,
  step = "1m",
  compared = null,
  refused = [],
  traces,
}) {
  const meta = {
    grid: { first, step: 60000, count: 2 },
    offset,
    draw: "line",
    step,
    zone,
    unit,
    zero: unit,
    finer: [],
    compared,
    series: SERIES,
    refused,
  };
  const whole = (trace) => ({
    legendgroup: "a",
    visible: true,
    meta: "value",
    x0: first + offset,
    dx: 60000,
    line: { color: "red" },
    ...trace,
  });
  return { _fullLayout: { meta }, _fullData: traces.map(whole) };
}

test("numbers have three figures, thousands, a scale from a million on, and a true minus", () => {
  const said = [0, 1234567, 1234.56, 0.123456, -12.5, null, undefined].map(reading.number);
  assert.deepEqual(said, ["0", "1.23\u202fM", "1,235", "0.123", "−12.5", "–", "–"]);
});

const units = (unit, finer = [], zero = unit) => ({ unit, zero, finer });

test("what is very large or little is short, too", () => {
  const said = [5.75e17, 3.2e-6, -1e-9].map(reading.number);
  assert.deepEqual(said, ["575\u202fP", "3.2e−6", "−1e−9"]);
});

test("a value has its unit, and no value has none", () => {
  assert.equal(reading.valueText({ value: 12 }, units("ms")), "12\u202fms");
  assert.equal(reading.valueText({ value: null }, units("ms")), "–");
  assert.equal(reading.valueText({ value: 12, low: 3, high: 40 }, units("")), "12 (3–40)");
  assert.equal(reading.valueText({ value: 12, sign: "≥" }, units("ms")), "≥\u202f12\u202fms");
  assert.equal(reading.valueText({ value: null, sign: "≥" }, units("ms")), "–");
});

test("a value too little for its chart's unit is said in a finer one, with its band", () => {
  const hours = units("h", [
    ["min", 1 / 60],
    ["s", 1 / 3600],
    ["ms", 1 / 3_600_000],
  ]);
  assert.equal(reading.valueText({ value: 0.5 }, hours), "0.5\u202fh");
  assert.equal(reading.valueText({ value: 1.38 / 3600 }, hours), "1.38\u202fs");
  assert.equal(reading.valueText({ value: -0.2 / 3_600_000 }, hours), "−0.2\u202fms");
  assert.equal(reading.valueText({ value: 1 / 3600, low: 0, high: 4 / 3600 }, hours), "1\u202fs (0–4)");
  assert.equal(reading.valueText({ value: 1 / 3600, low: 0, high: 4 }, hours), "0.000278\u202fh (0–4)");
  assert.equal(reading.valueText({ value: 0 }, hours), "0\u202fh");
  assert.equal(reading.valueText({ value: 0 }, units("M XP", [["XP", 1e-6]], "XP")), "0\u202fXP");
});

test("an hour that comes twice says which of them it is", () => {
  const summer = 2 * HOUR;
  assert.equal(reading.momentText(AUTUMN, "Europe/Berlin", "1m", summer), "Sun 25 Oct, 02:30");
  assert.equal(reading.momentText(AUTUMN + HOUR, "Europe/Berlin", "1m", summer), "Sun 25 Oct, 02:30 (UTC+1)");
});

test("one series needs no name, several do", () => {
  const one = reading.read(drawn({ traces: [{ y: [1, 2] }] }), 1);
  assert.equal(reading.spoken(one), "Sun 25 Oct, 00:31: 2\u202fms");
  const two = reading.read(drawn({ traces: [{ y: [1, 2] }, { legendgroup: "b", y: [3, null] }] }), 1);
  assert.equal(reading.spoken(two), "Sun 25 Oct, 00:31: all 2\u202fms; b –");
});

test("what it is compared with is named by its own moment", () => {
  const compared = { number: 24 * HOUR, unit: "ms" };
  const read = reading.read(drawn({ unit: "", compared, traces: [{ y: [1] }, { meta: "before", y: [8] }] }), 0);
  assert.equal(reading.spoken(read), "Sun 25 Oct, 00:30: 1; Sat 24 Oct, 00:30 8");
});

test("days are compared by the wall clock, also over a change of the clocks", () => {
  const noon = Date.parse("2026-10-25T11:00:00Z");
  const graph = drawn({
    unit: "",
    zone: "Europe/Berlin",
    offset: HOUR,
    first: noon,
    compared: { number: 1, unit: "d" },
    traces: [{ y: [1] }, { meta: "before", y: [8] }],
  });
  assert.equal(reading.spoken(reading.read(graph, 0)), "Sun 25 Oct, 12:00: 1; Sat 24 Oct, 12:00 8");
});

test("a chart without a series in sight says so", () => {
  assert.equal(reading.spoken(reading.read(drawn({ traces: [] }), 0)), "Sun 25 Oct, 00:30: no data");
});

test("a month is compared with a month, however long, and a time with as many milliseconds before", () => {
  const first = Date.parse("2026-03-01T00:00:00Z");
  const traces = [{ y: [1] }, { meta: "before", y: [8] }];
  const months = drawn({ unit: "", first, step: "1M", compared: { number: 1, unit: "M" }, traces });
  assert.equal(reading.spoken(reading.read(months, 0)), "Sun 1 Mar 2026: 1; Sun 1 Feb 2026 8");
  const minutes = drawn({ unit: "", first, compared: { number: HOUR, unit: "ms" }, traces });
  assert.equal(reading.spoken(reading.read(minutes, 0)), "Sun 1 Mar, 00:00: 1; Sat 28 Feb, 23:00 8");
});

test("what was refused in a bucket is said beside its values, and of no other", () => {
  const refused = [{ start: AUTUMN + 60000, end: AUTUMN + 120000, text: "312 events refused: buffer_full" }];
  const notes = (index) => reading.read(drawn({ refused, traces: [{ y: [1, 2] }] }), index).notes;
  assert.deepEqual([notes(0), notes(1)], [[], ["312 events refused: buffer_full"]]);
  const heard = reading.spoken(reading.read(drawn({ refused, traces: [{ y: [1, 2] }] }), 1));
  assert.ok(heard.endsWith("2\u202fms; 312 events refused: buffer_full"));
});
