const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { withNewest, isRange } = load("lib/storage.js", "page/recent.js");
const hours = (...some) => some.map((hour) => ({ from: `now-${hour}h`, to: "now" }));

test("the range that was used last stands first, and each stands once", () => {
  assert.deepEqual(withNewest(hours(1, 2, 3), hours(2)[0]), hours(2, 1, 3));
});

test("only the last few are kept", () => {
  assert.deepEqual(withNewest(hours(1, 2, 3, 4, 5), hours(6)[0]), hours(6, 1, 2, 3, 4));
});

test("what is no range is not taken for one", () => {
  assert.equal(isRange({ from: "now-1h", to: "now" }), true);
  for (const entry of [null, undefined, "now", 7, {}, { from: "now-1h" }, { from: 1, to: 2 }])
    assert.equal(isRange(entry), false);
});
