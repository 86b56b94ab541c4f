const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const NOTHING = "no update";
const sent = [];
let clock = () => {};
/* Of which rooms the browser says how wide they are. */
const watched = new Set();
let tell = () => {};
globalThis.setInterval = (work) => {
  clock = work;
};
globalThis.dash_clientside = {
  no_update: NOTHING,
  callback_context: {},
  set_props: (_id, { data }) => sent.push(data.reason),
  metrics: {},
};
globalThis.ResizeObserver = class {
  constructor(told) {
    tell = told;
  }
  observe = (room) => watched.add(room);
  unobserve = (room) => watched.delete(room);
};
globalThis.requestAnimationFrame = (work) => work();
document.documentElement = { dataset: { bsTheme: "light" } };
document.querySelectorAll = () => [];
document.getElementById = () => null;
document.hidden = false;
load("lib/dom.js", "lib/events.js", "lib/links.js", "lib/time.js", "lib/url.js", "lib/shown.js");
const questions = load("page/questions.js");
load("page/refresh.js");
const { events } = metrics;

function visit(search) {
  globalThis.location = { search, pathname: "/here/" };
}

/* What Dash is told to ask after a cause: a question, or nothing. */
function planned(cause) {
  dash_clientside.callback_context.triggered_id = cause;
  const question = dash_clientside.metrics.plan();
  return question === NOTHING ? null : question;
}

const reason = (cause) => planned(cause)?.reason ?? null;

function answer(question, brings = "figures", error = null) {
  questions.answered({ number: question.number, brings, error, final: false });
}

/* The page stands at an address, whatever was asked before. */
function begin(search) {
  visit("?begin");
  answer(planned("url") ?? questions.ask("navigate", "?begin"));
  visit(search);
  answer(planned("url"), "cards");
  sent.length = 0;
}

test("a new address asks for the whole picture, a tick for new traces", () => {
  visit("?tab=auth");
  const question = planned("url");
  assert.equal(question.reason, "navigate");
  answer(question, "cards");
  assert.equal(reason("tick"), "tick");
});

test("what only changes the looks asks nothing", () => {
  begin("?tab=auth");
  visit("?theme=dark&tab=auth&hidden=a:b&rotate=30&refresh=7");
  assert.equal(planned("url"), null);
});

test("a tick before the change of the address is known asks for the whole picture, and once", () => {
  begin("?tab=auth");
  visit("?tab=auth&split=logins:success");
  assert.equal(reason("tick"), "navigate");
  assert.equal(planned("url"), null);
});

test("until the whole picture is there, a tick asks for it again", () => {
  begin("?tab=auth");
  visit("?tab=server");
  answer(planned("url"), "nothing", "Database unavailable");
  const again = planned("tick");
  assert.equal(again.reason, "navigate");
  questions.fail(again.number);
  const last = planned("tick");
  assert.equal(last.reason, "navigate");
  answer(last);
  assert.equal(reason("tick"), "tick");
});

test("no tick asks while an answer is under way, a tab turns, or the range stands still", () => {
  begin("?tab=auth");
  const first = planned("tick");
  const second = questions.ask("navigate", "?tab=auth");
  questions.fail(first.number);
  assert.equal(planned("tick"), null, "the second of two is open still");
  answer(second);
  events.announce("turning", true);
  assert.equal(planned("tick"), null);
  events.announce("turning", false);
  begin("?tab=auth&to=now-1h");
  assert.equal(planned("tick"), null);
});

test("who wants to ask at once asks for what is missing, a wall for its next tab", () => {
  begin("?tab=auth");
  events.announce("ask", { reason: "tick" });
  events.announce("ask", { reason: "rotate", search: "?tab=server" });
  assert.deepEqual(sent, ["tick", "rotate"]);
});

test("what has no answer is asked again where no tick asks", (context) => {
  begin("?tab=auth&to=now-1h");
  visit("?tab=server&to=now-1h");
  answer(planned("url"), "nothing", "Database unavailable");
  clock();
  assert.deepEqual(sent, []);
  context.mock.method(Date, "now", () => questions.at() + 6000);
  clock();
  assert.deepEqual(sent, ["navigate"]);
  events.announce("connection", { problem: "server not reachable", since: 0 });
  questions.fail(questions.ask("navigate", location.search).number);
  context.mock.method(Date, "now", () => questions.at() + 6000);
  clock();
  assert.deepEqual(sent, ["navigate"], "without a connection others ask");
  events.announce("connection", { problem: null, since: 0 });
});

test("how much room charts have is what the browser said when it laid them out: asked for, it lays out the page anew", (context) => {
  const asked = [];
  const room = (name, clientWidth) => ({
    isConnected: true,
    querySelector: () => null,
    get clientWidth() {
      asked.push(name);
      return clientWidth;
    },
  });
  const [wide, narrow, hidden] = [room("wide", 500), room("narrow", 300), room("hidden", 0)];
  context.mock.method(document, "querySelectorAll", (selector) =>
    selector.includes(".chart") ? [wide, narrow, hidden] : [],
  );
  begin("?tab=auth");
  events.announce("answer", {});
  const first = planned("tick");
  assert.equal(first.width, 300, "nobody has said it yet");
  answer(first);
  asked.length = 0;
  assert.deepEqual([...watched], [wide, narrow, hidden]);
  tell([wide, narrow, hidden].map((target, place) => ({ target, contentRect: { width: [400.4, 250.2, 0][place] } })));
  assert.equal(planned("tick").width, 250);
  assert.deepEqual(asked, []);
  narrow.isConnected = false;
  tell([{ target: narrow, contentRect: { width: 0 } }]);
  assert.ok(!watched.has(narrow), "what has gone is forgotten");
});

test("where charts have other room than they were asked for, they are asked for once more", (context) => {
  let width = 871;
  const room = { isConnected: true, querySelector: () => null };
  Object.defineProperty(room, "clientWidth", { get: () => width });
  context.mock.method(document, "querySelectorAll", (selector) => (selector.includes(".chart") ? [room] : []));
  begin("?tab=auth&to=now-1h");
  events.announce("answer", { error: null });
  assert.deepEqual(sent, [], "the room is as it was");
  width = 302;
  events.announce("answer", { error: "no such range" });
  assert.deepEqual(sent, [], "nothing was drawn");
  events.announce("answer", { error: null });
  assert.deepEqual(sent, ["tick"]);
  answer(questions.ask("tick", location.search));
  width = 200;
  events.announce("answer", { error: null });
  assert.deepEqual(sent, ["tick"], "cards that change with what is drawn in them would never rest");
  events.announce("answer", { error: null });
  assert.deepEqual(sent, ["tick", "tick"]);
});

test("charts that are asked for by a tab without any are asked for once more when there is room to tell of", (context) => {
  const rooms = [];
  context.mock.method(document, "querySelectorAll", (selector) => (selector.includes(".chart") ? rooms : []));
  begin("?tab=tables&to=now-1h");
  events.announce("answer", { error: null });
  assert.deepEqual(sent, [], "there is none");
  visit("?tab=auth&to=now-1h");
  const question = planned("url");
  assert.equal(question.width, 0);
  rooms.push({ isConnected: true, querySelector: () => null, clientWidth: 338 });
  answer(question, "cards");
  events.announce("answer", { error: null });
  assert.deepEqual(sent, ["tick"]);
});

test("a tab that stood here before is asked for at the room that its charts had", (context) => {
  let width = 1000;
  const room = { isConnected: true, querySelector: () => null };
  Object.defineProperty(room, "clientWidth", { get: () => width });
  context.mock.method(document, "querySelectorAll", (selector) => (selector.includes(".chart") ? [room] : []));
  context.after(() => {
    metrics.answer = null;
  });
  const go = (tab, now) => {
    visit(`?tab=${tab}&to=now-1h`);
    const question = planned("url");
    width = now;
    answer(question, "cards");
    metrics.answer = { tab };
    events.announce("answer", { error: null });
    return question.width;
  };
  begin("?tab=few&to=now-1h");
  metrics.answer = { tab: "few" };
  events.announce("answer", { error: null });
  assert.equal(go("many", 500), 1000, "nobody knows yet");
  assert.deepEqual(sent, ["tick"]);
  answer(questions.ask("tick", location.search));
  events.announce("answer", { error: null });
  assert.equal(go("few", 1000), 1000);
  assert.equal(go("many", 500), 500);
  assert.deepEqual(sent, ["tick"], "asked once each");
});

test("the clock is set where an address asks for another pace, and left alone where it does not", () => {
  const { pace } = dash_clientside.metrics;
  visit("?tab=auth&refresh=7");
  assert.deepEqual(pace(), [7000, false]);
  visit("?tab=server&refresh=7");
  assert.deepEqual(pace(), [NOTHING, NOTHING]);
  visit("?tab=server&refresh=0");
  assert.deepEqual(pace(), [NOTHING, true]);
  visit("?tab=server&refresh=7");
  assert.deepEqual(pace(), [7000, false]);
});
