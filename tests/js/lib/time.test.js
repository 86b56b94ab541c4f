const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const time = load("lib/time.js");
const HOUR = 3600000;
const at = (text) => Date.parse(text);

test("a clock names the day only where that is another one", () => {
  const now = at("2026-03-01T18:00:00Z");
  assert.equal(time.clock(at("2026-03-01T14:32:05Z"), "UTC", now), "14:32:05");
  assert.equal(time.clock(at("2026-02-28T14:32:05Z"), "UTC", now), "Sat 2026-02-28 14:32:05");
});

test("today is today in the zone that is shown", () => {
  const now = at("2026-03-01T23:30:00Z");
  assert.equal(time.clock(at("2026-03-01T22:00:00Z"), "UTC", now), "22:00:00");
  assert.match(time.clock(at("2026-03-01T22:00:00Z"), "Europe/Berlin", now), /^Sun 2026-03-01 23:00:00$/);
});

test("wall-clock time goes to its moment and back", () => {
  for (const zone of ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"]) {
    const moment = at("2026-07-14T05:45:00Z");
    assert.equal(time.fromWall(time.toWall(moment, zone), zone), moment, zone);
  }
});

test("wall-clock time may have seconds", () => {
  assert.equal(time.fromWall("2026-01-31T12:00:30", "Europe/Berlin"), at("2026-01-31T11:00:30Z"));
});

test("moments on both sides of a change of the clocks are read with the offset of their own side", () => {
  assert.equal(time.fromWall("2026-03-29T01:30", "Europe/Berlin"), at("2026-03-29T00:30:00Z"));
  assert.equal(time.fromWall("2026-03-29T03:30", "Europe/Berlin"), at("2026-03-29T01:30:00Z"));
  assert.equal(time.fromWall("2026-10-25T01:30", "Europe/Berlin"), at("2026-10-24T23:30:00Z"));
  assert.equal(time.fromWall("2026-10-25T03:30", "Europe/Berlin"), at("2026-10-25T02:30:00Z"));
});

test("the hour that comes twice is one of its two", () => {
  const read = time.fromWall("2026-10-25T02:30", "Europe/Berlin");
  assert.ok([at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")].includes(read));
});

test("an offset is that of its moment, also where it is no whole hour", () => {
  assert.equal(time.offset(at("2026-01-31T00:00:00Z"), "Europe/Berlin"), HOUR);
  assert.equal(time.offset(at("2026-07-31T00:00:00Z"), "Europe/Berlin"), 2 * HOUR);
  assert.equal(time.offset(at("2026-07-31T00:00:00Z"), "Asia/Kathmandu"), 5.75 * HOUR);
});

test("a bucket is named by its start, a day by its date", () => {
  const moment = at("2026-11-21T14:32:00Z");
  assert.equal(time.bucket(moment, "UTC", "1m"), "Sat 21 Nov, 14:32");
  assert.equal(time.bucket(moment, "UTC", "1d"), "Sat 21 Nov 2026");
  assert.equal(time.bucket(at("2026-11-21T00:00:00Z"), "UTC", "1h"), "Sat 21 Nov, 00:00");
});

test("a duration is said in the unit that fits", () => {
  const said = [0.4, 12, 59.4, 60, 240, 3600, 10800, 172799, 172800].map(time.duration);
  assert.deepEqual(said, ["0 s", "12 s", "59 s", "1 min", "4 min", "1 h", "3 h", "48 h", "2 d"]);
});

test("a moment in an address has milliseconds only where it needs them", () => {
  assert.equal(time.iso(at("2026-01-31T12:00:00Z")), "2026-01-31T12:00:00Z");
  assert.equal(time.iso(at("2026-01-31T12:00:00.250Z")), "2026-01-31T12:00:00.250Z");
});

test("age is what the clock that went further says", () => {
  assert.equal(time.secondsSince({ at: 1000, since: 0 }, { at: 61000, since: 5000 }), 60, "asleep");
  assert.equal(time.secondsSince({ at: 61000, since: 0 }, { at: 1000, since: 5000 }), 5, "set back");
  assert.equal(time.secondsSince({ at: null, since: 1000 }, { at: 61000, since: 5000 }), 4, "never drawn");
});

test("a bucket of days is named by its date, and a step by words that stand before a noun", () => {
  assert.equal(time.bucket(Date.parse("2026-11-01T00:00:00Z"), "UTC", "1M"), "Sun 1 Nov 2026");
  assert.deepEqual(["5m", "1h", "1w", "1M"].map(time.stepWords), ["5-minute", "1-hour", "1-week", "1-month"]);
});
