const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

const NOTHING = "no update";
const sent = [];
globalThis.setInterval = () => 0;
globalThis.dash_clientside = {
  no_update: NOTHING,
  callback_context: {},
  set_props: (_id, { data }) => sent.push(data.reason),
  metrics: {},
};
document.documentElement = { dataset: { bsTheme: "light" } };
document.querySelectorAll = () => [];
document.hidden = false;
load("lib/dom.js", "lib/events.js", "lib/links.js", "lib/time.js", "lib/url.js", "page/refresh.js");
const { events } = metrics;

function visit(search) {
  globalThis.location = { search, pathname: "/here/" };
}

/* What Dash is told to ask after a cause: a reason, or nothing. */
function planned(cause, busy = false) {
  dash_clientside.callback_context.triggered_id = cause;
  const question = dash_clientside.metrics.plan(location.search, 1, busy);
  return question === NOTHING ? null : question.reason;
}

function begin(search) {
  visit(search);
  planned("url");
  events.announce("answer", { error: null });
}

test("a new address asks for the whole picture, a tick for new traces", () => {
  visit("?tab=auth");
  assert.equal(planned("url"), "navigate");
  events.announce("answer", { error: null });
  assert.equal(planned("tick"), "tick");
});

test("what only changes the looks asks nothing", () => {
  begin("?tab=auth");
  visit("?theme=dark&tab=auth&hidden=a:b&rotate=30&refresh=7");
  assert.equal(planned("url"), null);
});

test("a tick before the change of the address is known asks for the whole picture, and once", () => {
  begin("?tab=auth");
  visit("?tab=auth&split=logins:success");
  assert.equal(planned("tick"), "navigate");
  assert.equal(planned("url"), null);
});

test("until the whole picture is there, a tick asks for it again", () => {
  begin("?tab=auth");
  visit("?tab=server");
  assert.equal(planned("url"), "navigate");
  assert.equal(planned("tick"), "navigate");
  events.announce("answer", { error: "Database unavailable" });
  assert.equal(planned("tick"), "navigate");
  events.announce("answer", { error: null });
  assert.equal(planned("tick"), "tick");
});

test("no tick asks while an answer is under way, a tab turns, or the range stands still", () => {
  begin("?tab=auth");
  assert.equal(planned("tick", true), null);
  events.announce("turning", true);
  assert.equal(planned("tick"), null);
  events.announce("turning", false);
  begin("?tab=auth&to=now-1h");
  assert.equal(planned("tick"), null);
});

test("who wants to ask at once asks for what is missing, a wall for its next tab", () => {
  begin("?tab=auth");
  sent.length = 0;
  events.announce("ask", { reason: "tick" });
  events.announce("ask", { reason: "rotate", search: "?tab=server" });
  assert.deepEqual(sent, ["tick", "rotate"]);
});
