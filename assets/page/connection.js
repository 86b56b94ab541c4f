/* What stands between the page and its server.
 *
 * Dash never ends a request that gets no answer, nor one whose answer isn't JSON (a login page, a proxy's apology), and
 * keeps a record of every failure for ever. So its requests pass through here: whatever is wrong is noted, Dash is told
 * "nothing new" (204), and the server is asked again until it answers. The last picture stays. An answer that no longer
 * fits the page (questions.js) is treated alike, and one of another catalog than the page's: its cards would stand under
 * tabs that they are not of. */
((metrics) => {
  const ANSWER_WITHIN = 30000;
  const FIRST_RETRY = 1500;
  const LAST_RETRY = 20000;
  const MISSED_TICKS = 2;
  const GRACE = 10;
  const { server, time } = metrics;

  /** @type {string | null} */
  let problem = null;
  let since = 0;
  let failures = 0;
  /** @type {number | null} */
  let retry = null;
  /** @type {Instant} */
  let answered = { at: null, since: performance.now() };

  window.fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    return address.includes("_dash-update-component") ? answerOf(input, init) : server.send(input, init);
  };

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function answerOf(input, init) {
    const reply = await server.request(input, init, ANSWER_WITHIN);
    if (reply.wrong !== null) {
      metrics.questions.fail(numberOf(init));
      failed(reply.wrong);
      return nothingNew();
    }
    /* Nothing can be drawn before all scripts are here; what stands until then came with the page. */
    await window.whole;
    return (await isTaken(reply.response)) ? reply.response : nothingNew();
  }

  const nothingNew = () => new Response(null, { status: 204 });

  /**
   * The number of the question that a request of Dash's asks.
   * @param {RequestInit | undefined} init
   * @returns {number | undefined}
   */
  function numberOf(init) {
    try {
      return JSON.parse(String(init?.body)).inputs[0].value.number;
    } catch {
      return undefined;
    }
  }

  /**
   * Whether Dash gets to see an answer. One that no longer fits the page is asked for again.
   * @param {Response} response
   */
  async function isTaken(response) {
    const parts = response.status === 204 ? null : (await response.json()).response;
    const answer = parts?.answer?.data;
    if (server.isOfAnother(answer?.version)) return refuse(answer);
    worked();
    if (!answer?.number) return true;
    const verdict = metrics.questions.judge(answer);
    if (verdict === "take") {
      metrics.unchanged.leaveOut(parts, answer);
      metrics.standing.give(answer);
    } else metrics.questions.fail(answer.number);
    if (verdict === "again") setTimeout(() => metrics.events.announce("ask", { reason: "tick" }), 0);
    return verdict === "take";
  }

  /** wall/release.js hears of the version, and loads the page anew or offers it. @param {Answer} answer */
  function refuse({ number, version }) {
    metrics.questions.fail(number);
    failed("server has another catalog");
    metrics.events.announce("version", /** @type {string} */ (version));
    return false;
  }

  /** @param {string} wrong */
  function failed(wrong) {
    if (problem === null) since = performance.now();
    problem = wrong;
    failures += 1;
    tell();
    plan();
  }

  function worked() {
    const recovered = problem !== null;
    problem = null;
    failures = 0;
    if (retry !== null) clearTimeout(retry);
    retry = null;
    if (recovered) tell();
  }

  const tell = () => metrics.events.announce("connection", { problem, since });

  /**
   * How long to wait before the next try: sooner at first.
   * @param {number} tries
   */
  const delay = (tries) => Math.min(LAST_RETRY, FIRST_RETRY * 1.6 ** Math.min(tries, 10));

  /* Never all walls in the same moment. */
  function plan() {
    if (retry !== null) return;
    const again = () => {
      retry = null;
      recover();
    };
    retry = window.setTimeout(again, delay(failures) * (0.75 + Math.random() / 2));
  }

  async function recover() {
    const { wrong } = await server.probe();
    if (wrong !== null) failed(wrong);
    else if (problem !== null) {
      metrics.events.announce("ask", { reason: "tick" });
      plan();
    }
  }

  /* Whether an answer should long be here: the clock runs, somebody looks, and none came. */
  function isOverdue() {
    const pace = metrics.url.pace();
    return pace > 0 && !document.hidden && time.secondsSince(answered) > pace * MISSED_TICKS + GRACE;
  }

  /* Also where nobody says that something failed: a picture that should be newer than it is. */
  function watch() {
    if (problem === null && isOverdue()) failed("no answer");
  }

  metrics.events.on("answer", () => {
    answered = time.instant();
  });
  window.addEventListener("online", () => problem !== null && recover());
  window.addEventListener("offline", () => failed("no network"));
  setInterval(watch, 1000);
})(window.metrics);
