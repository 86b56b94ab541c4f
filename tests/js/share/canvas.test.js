const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { wrap } = load("share/canvas.js");
const letters = (text) => text.length;

test("lines break between words, and none is wider than its room", () => {
  assert.deepEqual(wrap("one two three four", 9, letters), ["one two", "three", "four"]);
  assert.deepEqual(wrap("one", 9, letters), ["one"]);
});

test("a word that is wider by itself is broken, and the next goes on behind it", () => {
  assert.deepEqual(wrap("a abcdefghij b", 4, letters), ["a", "abcd", "efgh", "ij b"]);
});

test("an address is broken between its parts, unless that leaves most of a line empty", () => {
  assert.deepEqual(wrap("http://a.bc/d?tab=one&theme=dark", 24, letters), ["http://a.bc/d?tab=one", "&theme=dark"]);
  assert.deepEqual(wrap("http://a.bc/admin/metrics/?t=one", 28, letters), ["http://a.bc/admin/metrics/", "?t=one"]);
  assert.deepEqual(wrap("http://abcdefghijklmnopqrstuvwx", 24, letters), ["http://abcdefghijklmnopq", "rstuvwx"]);
});

test("no text has no lines", () => {
  assert.deepEqual(wrap("", 9, letters), []);
});
