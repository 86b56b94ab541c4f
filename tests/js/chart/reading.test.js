const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const reading = load("lib/time.js", "chart/grid.js", "chart/values.js", "chart/reading.js");
const AUTUMN = Date.parse("2026-10-25T00:30:00Z");
const HOUR = 3600000;

function drawn({ unit = "ms", zone = "UTC", offset = 0, first = AUTUMN, traces }) {
  const meta = { grid: { first, step: 60000, count: 2 }, offset, draw: "line", zone, unit };
  const whole = (trace) => ({
    name: "all",
    legendgroup: "all",
    visible: true,
    meta: "value",
    x0: first + offset,
    dx: 60000,
    line: { color: "red" },
    ...trace,
  });
  return { _fullLayout: { meta }, _fullData: traces.map(whole) };
}

function answered(more) {
  metrics.answer = { resolution: "minute", compared: null, ...more };
}

test("numbers have four figures, thousands and a true minus", () => {
  const said = [0, 1234567, 1234.56, 0.123456, -12.5, null, undefined].map(reading.number);
  assert.deepEqual(said, ["0", "1,234,567", "1,235", "0.1235", "−12.5", "–", "–"]);
});

test("a value has its unit, and no value has none", () => {
  assert.equal(reading.valueText({ value: 12 }, "ms"), "12\u202fms");
  assert.equal(reading.valueText({ value: null }, "ms"), "–");
  assert.equal(reading.valueText({ value: 12, low: 3, high: 40 }, ""), "12 (3–40)");
});

test("an hour that comes twice says which of them it is", () => {
  answered();
  const summer = 2 * HOUR;
  assert.equal(reading.momentText(AUTUMN, "Europe/Berlin", summer), "Sun 25 Oct, 02:30");
  assert.equal(reading.momentText(AUTUMN + HOUR, "Europe/Berlin", summer), "Sun 25 Oct, 02:30 (UTC+1)");
});

test("one series needs no name, several do", () => {
  answered();
  const one = reading.read(drawn({ traces: [{ y: [1, 2] }] }), 1);
  assert.equal(reading.spoken(one), "Sun 25 Oct, 00:31: 2\u202fms");
  const two = reading.read(drawn({ traces: [{ y: [1, 2] }, { name: "b", legendgroup: "b", y: [3, null] }] }), 1);
  assert.equal(reading.spoken(two), "Sun 25 Oct, 00:31: all 2\u202fms; b –");
});

test("what it is compared with is named by its own moment", () => {
  answered({ compared: { name: "day", back: 24 * HOUR, wall: false } });
  const read = reading.read(drawn({ unit: "", traces: [{ y: [1] }, { meta: "before", y: [8] }] }), 0);
  assert.equal(reading.spoken(read), "Sun 25 Oct, 00:30: 1; Sat 24 Oct, 00:30 8");
});

test("days are compared by the wall clock, also over a change of the clocks", () => {
  answered({ compared: { name: "day", back: 24 * HOUR, wall: true } });
  const noon = Date.parse("2026-10-25T11:00:00Z");
  const graph = drawn({
    unit: "",
    zone: "Europe/Berlin",
    offset: HOUR,
    first: noon,
    traces: [{ y: [1] }, { meta: "before", y: [8] }],
  });
  assert.equal(reading.spoken(reading.read(graph, 0)), "Sun 25 Oct, 12:00: 1; Sat 24 Oct, 12:00 8");
});

test("a chart without a series in sight says so", () => {
  answered();
  assert.equal(reading.spoken(reading.read(drawn({ traces: [] }), 0)), "Sun 25 Oct, 00:30: no data");
});
