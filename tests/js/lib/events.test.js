const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const events = load("lib/events.js");

test("who listens hears what was announced, with its detail, in the order of listening", () => {
  const heard = [];
  events.on("held", (until) => heard.push(["first", until]));
  events.on("held", (until) => heard.push(["second", until]));
  events.on("turning", () => assert.fail("nobody announced that"));
  events.announce("held", 7);
  assert.deepEqual(heard, [
    ["first", 7],
    ["second", 7],
  ]);
});

test("who listens once hears once", () => {
  let heard = 0;
  events.on("marked", () => (heard += 1), { once: true });
  events.announce("marked");
  events.announce("marked");
  assert.equal(heard, 1);
});
