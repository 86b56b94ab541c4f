const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

load("lib/url.js");
const shown = load("lib/shown.js");

function visit(search) {
  globalThis.location = { search, pathname: "/here/" };
}

test("before the first picture nothing is pending", () => {
  visit("?tab=auth");
  assert.equal(shown.isPending(), false);
  assert.equal(shown.address(), "?tab=auth");
});

test("what changes the looks alone is never pending", () => {
  shown.stand("?tab=auth&theme=light");
  visit("?hidden=a:b&theme=dark&tab=auth&kiosk=1&rotate=5&refresh=9");
  assert.equal(shown.isPending(), false);
});

test("what a wall rotates by is of no concern to another page", () => {
  shown.stand("?tab=auth");
  visit("?tab=auth&rotate_by=zone&value=north");
  assert.equal(shown.isPending(), false);
  visit("?tab=auth&rotate_by=zone&value=north&kiosk=1");
  assert.equal(shown.isPending(), true);
  shown.stand(location.search);
  visit("?tab=auth&rotate_by=zone&value=south&kiosk=1");
  assert.equal(shown.isPending(), true);
});

test("the picture is of its own address, in the looks of the present one", () => {
  shown.stand("?tab=auth&range=7d&theme=light&hidden=a:b");
  visit("?tab=server&theme=dark&hidden=c:d&hidden=c:e");
  assert.equal(shown.isPending(), true);
  assert.equal(shown.address(), "?tab=auth&range=7d&theme=dark&hidden=c:d&hidden=c:e");
});

test("what the server passed over is no part of the picture's address", () => {
  visit("?tab=nowhere&compare=day&hidden=a:b&hidden=x:y&split=x:y&split=a:zone");
  const said = [
    ["tab", "nowhere"],
    ["split", "x:y"],
    ["hidden", "x:y"],
  ];
  shown.stand(
    location.search,
    said.map(([name, value]) => ({ name, value })),
  );
  assert.equal(shown.isPending(), false);
  assert.equal(shown.address(), "?compare=day&split=a:zone&hidden=a:b");
});
