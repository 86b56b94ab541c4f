const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const placement = load("chart/placement.js");
const axis = { _offset: 50, _length: 200 };

test("a bucket outside of a zoomed chart has no crosshair", () => {
  assert.deepEqual(
    [48, 49, 50, 250, 251, 252].map((x) => placement.isInside(x, axis)),
    [false, true, true, true, true, false],
  );
});

test("the moment stands in the middle below its line, and never past the edges", () => {
  assert.deepEqual(
    [5, 100, 295].map((x) => placement.centred(x, 60, 300)),
    [0, 70, 240],
  );
});

test("values stand on the side that has more room, and are measured only where that moves them", () => {
  assert.equal(
    placement.beside(60, () => assert.fail("not needed"), axis),
    70,
  );
  assert.equal(
    placement.beside(240, () => 80, axis),
    150,
  );
});

test("a dot stands on what is drawn as a point, and on no zero where the axis has none", () => {
  const rows = [{ value: 0 }, { value: null }, { value: 3 }];
  assert.deepEqual(placement.dotted(rows, "line", "linear"), [rows[0], rows[2]]);
  assert.deepEqual(placement.dotted(rows, "area", "log"), [rows[2]]);
  assert.deepEqual(placement.dotted(rows, "bar", "linear"), []);
});
