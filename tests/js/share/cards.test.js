const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { rows } = load("share/cards.js");
const card = (height, wide = false) => ({ height, wide });

test("a wide card stands by itself, the others in twos", () => {
  const shape = (...cards) => rows(cards).map((row) => row.cards.length);
  assert.deepEqual(shape(card(1), card(1)), [2]);
  assert.deepEqual(shape(card(1, true), card(1), card(1)), [1, 2]);
  assert.deepEqual(shape(card(1), card(1), card(1), card(1)), [2, 2]);
  assert.deepEqual(shape(), []);
});

test("a row is as high as its highest card", () => {
  assert.deepEqual(
    rows([card(300), card(320)]).map(({ height }) => height),
    [320],
  );
});
