/* What stands between the page and its server.
 *
 * Dash never ends a request that gets no answer, nor one whose answer isn't JSON (a login page, a proxy's apology), and
 * keeps a record of every failure for ever. So its requests pass through here: whatever is wrong is noted, Dash is told
 * "nothing new" (204), and the server is asked again until it answers. The last picture stays. */
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
      failed(reply.wrong);
      return new Response(null, { status: 204 });
    }
    worked();
    return reply.response;
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
