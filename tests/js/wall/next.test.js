const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

globalThis.setInterval = () => 0;
const { words } = load("lib/events.js", "wall/next.js");

test("what is next is said with its time, or with why there is none", () => {
  assert.equal(words({ next: "Auth", left: 12, part: 0.4, held: false }), "next: Auth in 12 s");
  assert.equal(words({ next: "Auth", left: null, part: 0, held: false }), "next: Auth, waiting");
  assert.equal(words({ next: "Auth", left: null, part: 0, held: true }), "next: Auth, held");
});

test("where nothing rotates nothing is said", () => {
  assert.equal(words(null), "");
});
