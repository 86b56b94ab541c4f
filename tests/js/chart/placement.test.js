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

const ROOM = { width: 300, top: 10, bottom: 210 };
const SIZE = { width: 80, height: 40 };

test("values stand on the side that has more room, and on the other where only that has enough", () => {
  const at = (x, size = SIZE, reach = 0) => placement.beside({ x, reach, ys: [] }, size, ROOM);
  assert.deepEqual(at(60), { x: 70, y: 10 });
  assert.deepEqual(at(240), { x: 150, y: 10 });
  assert.deepEqual(at(240, SIZE, 20), { x: 130, y: 10 }, "a bar is not covered");
  assert.deepEqual(at(149, { width: 139, height: 40 }), { x: 159, y: 10 });
});

test("values that fit on neither side lie where no point is, and within their room", () => {
  const wide = { width: 200, height: 40 };
  for (const x of [0, 60, 150, 240, 300]) {
    for (const ys of [[10], [210], [110], [20, 200], [10, 100, 210], [60, 110, 160]]) {
      const place = placement.beside({ x, reach: 0, ys }, wide, ROOM);
      assert.ok(place.x >= 0 && place.x + wide.width <= ROOM.width);
      assert.ok(place.y >= ROOM.top && place.y + wide.height <= ROOM.bottom);
      if (x > 90 && x < 210) for (const y of ys) assert.ok(y <= place.y || y >= place.y + wide.height, `${x} ${ys}`);
    }
  }
});

test("a dot stands on what is drawn as a point, and on no zero where the axis has none", () => {
  const rows = [{ value: 0 }, { value: null }, { value: 3 }];
  assert.deepEqual(placement.dotted(rows, false, "linear"), [rows[0], rows[2]]);
  assert.deepEqual(placement.dotted(rows, false, "log"), [rows[2]]);
  assert.deepEqual(placement.dotted(rows, true, "linear"), []);
});

test("of too many lines those with the largest values stay, in their order, and what has no value goes first", () => {
  const heights = [18, 18, 18, 18, 18];
  assert.deepEqual(placement.kept([1, 5, null, 3, 4], heights, 90, 18), [0, 1, 2, 3, 4]);
  assert.deepEqual(placement.kept([1, 5, null, 3, 4], heights, 72, 18), [1, 3, 4]);
  assert.deepEqual(placement.kept([1, 5, null, 3, Number.POSITIVE_INFINITY], heights, 54, 18), [1, 4]);
  assert.deepEqual(placement.kept([1, 5], [18, 36], 40, 18), []);
});

test("a box stands beside the line where either side is wide enough for it", () => {
  assert.equal(placement.hasSide({ x: 60, reach: 0 }, 200, 300), true);
  assert.equal(placement.hasSide({ x: 150, reach: 0 }, 200, 300), false);
  assert.equal(placement.hasSide({ x: 60, reach: 40 }, 200, 300), false);
});
