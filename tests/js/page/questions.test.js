const assert = require("node:assert/strict");
const test = require("node:test");
const { load } = require("../metrics.js");

document.documentElement = { dataset: { bsTheme: "light" } };
document.querySelectorAll = () => [];
load("lib/dom.js", "lib/events.js", "lib/url.js", "lib/shown.js");
const questions = load("page/questions.js");

function visit(search) {
  globalThis.location = { search, pathname: "/here/" };
}

const answer = (question, brings, error = null, final = false) => ({ number: question.number, brings, error, final });

/* A question that is answered at once. */
function drawn(search, brings = "cards") {
  visit(search);
  questions.answered(answer(questions.ask("navigate", search), brings));
}

/* An answer comes: it is judged, and what is taken stands. */
function comes(question, brings) {
  const verdict = questions.judge(answer(question, brings));
  if (verdict === "take") questions.answered(answer(question, brings));
  else questions.fail(question.number);
  return verdict;
}

const BRINGS = { navigate: "figures", tick: "traces" };
const ORDERS = [
  [0, 1],
  [1, 0],
];
for (const reasons of [
  ["tick", "navigate"],
  ["navigate", "tick"],
  ["tick", "tick"],
  ["navigate", "navigate"],
]) {
  for (const order of ORDERS) {
    test(`of ${reasons.join(" and ")}, answered ${order.map((place) => place + 1).join(", ")}, the newest is taken`, () => {
      drawn("?tab=auth");
      visit("?tab=auth&split=a:b");
      const two = reasons.map((reason) => questions.ask(reason, location.search));
      const verdicts = order.map((place) => comes(two[place], BRINGS[reasons[place]]));
      assert.deepEqual(
        verdicts,
        order.map((place) => (place === 1 ? "take" : "late")),
      );
      assert.equal(questions.isOpen(), false);
      assert.equal(questions.isOwed(), false);
    });
  }
}

test("new traces go into the figures that they were made for, and into no others", () => {
  drawn("?tab=auth");
  const tick = questions.ask("tick", "?tab=auth");
  assert.equal(questions.judge(answer(tick, "traces")), "take");
  /* Another answer was on its way to the page when the tick was asked. */
  const whole = questions.ask("navigate", "?tab=auth");
  const early = questions.ask("tick", "?tab=auth");
  questions.answered(answer(whole, "figures"));
  assert.equal(questions.judge(answer(early, "traces")), "again");
});

test("figures go onto the cards that stood when they were asked for", () => {
  drawn("?tab=auth");
  const cards = questions.ask("navigate", "?tab=auth");
  const figures = questions.ask("navigate", "?tab=auth");
  questions.answered(answer(cards, "cards"));
  assert.equal(questions.judge(answer(figures, "figures")), "again");
  assert.equal(questions.judge(answer(figures, "cards")), "take");
});

test("what was drawn for other colours, or with a series that is off by now, is asked for again", () => {
  drawn("?tab=auth");
  const light = questions.ask("tick", "?tab=auth");
  document.documentElement.dataset.bsTheme = "dark";
  assert.equal(questions.judge(answer(light, "traces")), "again");
  document.documentElement.dataset.bsTheme = "light";
  assert.equal(questions.judge(answer(light, "traces")), "take");
  visit("?tab=auth&hidden=logins:true");
  assert.equal(questions.judge(answer(light, "traces")), "again");
});

test("an answer to what the address no longer says is late", () => {
  drawn("?tab=auth");
  const auth = questions.ask("tick", "?tab=auth");
  visit("?tab=server");
  assert.equal(questions.judge(answer(auth, "traces")), "late");
});

test("a wall's next tab is taken though the address is still of the present one", () => {
  drawn("?tab=auth");
  const next = questions.ask("rotate", "?tab=server");
  assert.equal(questions.judge(answer(next, "cards")), "take");
});

test("what has no answer, or one that something is wrong with, is owed; what can't be shown is not", () => {
  drawn("?tab=auth");
  questions.fail(questions.ask("tick", "?tab=auth").number);
  assert.equal(questions.isOwed(), true);
  questions.answered(answer(questions.ask("tick", "?tab=auth"), "nothing", "Database unavailable"));
  assert.equal(questions.isOwed(), true);
  assert.equal(questions.isDrawn("?tab=auth"), true);
  questions.answered(answer(questions.ask("navigate", "?from=soon"), "cards", "from: 'soon'", true));
  assert.equal(questions.isOwed(), false);
  assert.equal(questions.isDrawn("?tab=auth"), false);
});

test("the older of two questions ends, and the newer one is open still", () => {
  drawn("?tab=auth");
  const [older, newer] = [questions.ask("tick", "?tab=auth"), questions.ask("tick", "?tab=auth")];
  questions.fail(older.number);
  assert.equal(questions.isOpen(), true);
  questions.fail(newer.number);
  assert.equal(questions.isOpen(), false);
});
