const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { shelf, listed } = load("lib/storage.js");

function memory() {
  const kept = new Map();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, text) => kept.set(key, text),
    removeItem: (key) => kept.delete(key),
  };
}

test("what was written is read, until it is forgotten", () => {
  const kept = memory();
  const { read, write } = shelf(() => kept);
  assert.equal(read("theme"), null);
  assert.equal(write("theme", "dark"), true);
  assert.equal(read("theme"), "dark");
  assert.equal(write("theme", null), true);
  assert.equal(read("theme"), null);
});

test("storage that may not even be asked for reads as empty, and writing says that it failed", () => {
  const { read, write } = shelf(() => {
    throw new Error("denied");
  });
  assert.equal(read("theme"), null);
  assert.equal(write("theme", "dark"), false);
  assert.equal(write("theme", null), false);
});

test("a full storage says so", () => {
  const full = { ...memory(), setItem: () => assert.fail("quota exceeded") };
  assert.equal(shelf(() => full).write("theme", "dark"), false);
});

test("of a kept list only what is valid is read, whatever else stands there", () => {
  const isText = (entry) => typeof entry === "string";
  assert.deepEqual(listed('["a", 1, null, "b"]', isText), ["a", "b"]);
  for (const text of [null, "", "{}", '"a"', "null", "7", "[", "no list"])
    assert.deepEqual(listed(text, isText), [], String(text));
});
