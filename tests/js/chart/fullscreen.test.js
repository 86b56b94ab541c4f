const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

/* A page: a card and its neighbour in a grid, beside it a sidebar and two dialogs. */
function element(tag, children = []) {
  const made = { tagName: tag.toUpperCase(), children, dataset: {}, inert: false, focus: () => {} };
  made.matches = (selector) => selector === tag;
  made.querySelector = (selector) =>
    selector === ".leave-full" ? made : (children.find((child) => child.matches(selector)) ?? null);
  made.setAttribute = made.removeAttribute = () => {};
  made.requestFullscreen = () => Promise.reject(new TypeError("refused"));
  for (const child of children) child.parentElement = made;
  return made;
}

const [card, neighbour, sidebar] = [element("section"), element("section"), element("nav")];
const [details, finder] = [element("dialog"), element("dialog")];
document.body = element("body", [sidebar, element("main", [card, neighbour]), details, finder]);
let standing = [card];
let dialog = null;
document.querySelector = () => dialog;
globalThis.requestAnimationFrame = (work) => work();
globalThis.dispatchEvent = () => true;
load("lib/events.js");
Object.assign(metrics, {
  answer: {},
  dom: {
    all: () => standing.filter((one) => "full" in one.dataset),
    around: ({ button }, selector) => (selector.includes("full") ? button : null),
    find: () => card,
  },
  menus: { leave: () => null },
});
load("chart/fullscreen.js");

function open() {
  standing = [card];
  const button = { dataset: { open: "full", chart: "one" } };
  document.dispatchEvent(Object.assign(new Event("click"), { button }));
}

const pressEscape = () => document.dispatchEvent(Object.assign(new Event("keydown"), { key: "Escape" }));

test("from a full card every dialog can be reached, and nothing else, and Escape closes that first", () => {
  open();
  assert.deepEqual(
    [neighbour, sidebar, details, finder].map(({ inert }) => inert),
    [true, true, false, false],
  );
  dialog = finder;
  pressEscape();
  assert.equal("full" in card.dataset, true);
  dialog = null;
  pressEscape();
  assert.equal("full" in card.dataset, false);
  assert.equal(sidebar.inert, false);
});

test("where a full card goes with its tab, the page can be reached again", () => {
  open();
  metrics.events.announce("answer", {});
  assert.equal(sidebar.inert, true);
  standing = [];
  metrics.events.announce("answer", {});
  assert.equal(sidebar.inert, false);
});
