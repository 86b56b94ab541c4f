const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { rows } = load("share/cards.js");
const card = (height, sixths = 3) => ({ height, sixths });

test("a row has as many cards as fit into it", () => {
  const shape = (...cards) => rows(cards).map((row) => row.cards.length);
  assert.deepEqual(shape(card(1), card(1)), [2]);
  assert.deepEqual(shape(card(1, 6), card(1), card(1)), [1, 2]);
  assert.deepEqual(shape(card(1), card(1), card(1), card(1)), [2, 2]);
  assert.deepEqual(shape(card(1, 2), card(1, 2), card(1, 2), card(1, 2), card(1, 4)), [3, 2]);
  assert.deepEqual(shape(card(1, 4), card(1), card(1)), [1, 2]);
  assert.deepEqual(shape(), []);
});

test("a row is as high as its highest card", () => {
  assert.deepEqual(
    rows([card(300), card(320)]).map(({ height }) => height),
    [320],
  );
});
