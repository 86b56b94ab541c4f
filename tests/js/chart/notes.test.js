const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const notes = load("lib/dom.js", "lib/time.js", "chart/notes.js");
const NOON = Date.UTC(2026, 0, 31, 12);
const said = (title, text = "", minutes = 0) => ({ start: NOON, end: NOON + minutes * 60000, title, text });

test("a span is said with its end, and with the day where that is another one", () => {
  assert.equal(notes.when(said("a"), "UTC"), "Sat 31 Jan, 12:00");
  assert.equal(notes.when(said("a", "", 90), "UTC"), "Sat 31 Jan, 12:00 to 13:30");
  assert.equal(notes.when(said("a", "", 60), "Pacific/Kiritimati"), "Sun 1 Feb, 02:00 to 03:00");
  assert.equal(notes.when(said("a", "", 1440), "UTC"), "Sat 31 Jan, 12:00 to Sun 1 Feb, 12:00");
});

test("of many annotations of one mark the first are spoken and the others counted", () => {
  const group = { at: NOON, notes: Array.from({ length: 7 }, (_, number) => said(`n${number}`)) };
  assert.match(notes.spoken(group, "UTC"), /n4; and 2 more$/);
  assert.equal(notes.said(said("same", "same")), "same");
  assert.equal(notes.said(said("1.8.0", "is out")), "1.8.0: is out");
});

test("nothing but the web is led to", () => {
  for (const url of [null, "", "javascript:alert(1)", " https://x", "data:text/html,x", "//x", "/admin"])
    assert.equal(notes.isWeb(url), false, String(url));
  assert.equal(notes.isWeb("https://example.org/1.8.0"), true);
});
