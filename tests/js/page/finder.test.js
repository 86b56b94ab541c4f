const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const { found } = load("lib/dom.js", "page/finder.js");

const ALL = [
  { tab: "auth", chart: "", title: "Auth", under: "" },
  { tab: "combat", chart: "", title: "Combat", under: "" },
  { tab: "auth", chart: "login-rate", title: "Login Rate", under: "Auth" },
  { tab: "combat", chart: "damage", title: "Damage Dealt per Authority", under: "Combat" },
];

const titles = (text) => found(ALL, text).map(({ title }) => title);

test("what begins with the text stands first, then what holds it anywhere", () => {
  assert.deepEqual(titles("auth"), ["Auth", "Login Rate", "Damage Dealt per Authority"]);
  assert.deepEqual(titles("LOGIN"), ["Login Rate"]);
});

test("every word has to stand in the name or its tab's", () => {
  assert.deepEqual(titles(" damage  combat "), ["Damage Dealt per Authority"]);
  assert.deepEqual(titles("damage realm"), []);
});

test("nothing typed finds everything in order, and no more than a list's length", () => {
  assert.deepEqual(
    titles(""),
    ALL.map(({ title }) => title),
  );
  const many = Array.from({ length: 40 }, (_, at) => ({ tab: "t", chart: "", title: `Tab ${at}`, under: "" }));
  assert.equal(found(many, "tab").length, 12);
});
