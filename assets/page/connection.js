/* What stands between the page and its server.
 *
 * Dash never ends a request that gets no answer, nor one whose answer isn't JSON (a login page, a proxy's apology), and
 * keeps a record of every failure for ever. So its requests pass through here: whatever is wrong is noted, Dash is told
 * "nothing new" (204), and the server is asked again until it answers. The last picture stays. */
(function (metrics) {
  const ANSWER_WITHIN = 30000;
  const PROBE_WITHIN = 8000;
  const FIRST_RETRY = 1500;
  const LAST_RETRY = 20000;
  const STUCK_AFTER = 300000;

  const send = window.fetch.bind(window);
  const listeners = [];
  let problem = null;
  let since = 0;
  let failures = 0;
  let retry = null;

  window.fetch = function (input, init) {
    const address = typeof input === "string" ? input : input.url;
    return address.includes("_dash-update-component") ? answerOf(input, init) : send(input, init);
  };

  async function answerOf(input, init) {
    const reply = await request(input, init, ANSWER_WITHIN);
    if (reply.wrong) {
      failed(reply.wrong);
      return new Response(null, { status: 204 });
    }
    worked();
    return reply.response;
  }

  /* The whole answer, or what is wrong with it. Never throws and always ends. */
  async function request(input, init, within) {
    try {
      const response = await send(input, Object.assign({}, init, { signal: AbortSignal.timeout(within) }));
      const wrong = fault(response);
      if (wrong || response.status === 204) return { wrong, response };
      const body = await response.arrayBuffer();
      return { wrong: null, response: new Response(body, { status: response.status, headers: response.headers }) };
    } catch (error) {
      return { wrong: error.name === "TimeoutError" ? "server does not answer" : "server not reachable" };
    }
  }

  function fault(response) {
    if (response.redirected || response.status === 401 || response.status === 403) return "signed out";
    if (response.status >= 502 && response.status <= 504) return "server not reachable";
    if (response.status >= 500) return "server error";
    if (!response.ok) return `refused (${response.status})`;
    const json = (response.headers.get("Content-Type") || "").includes("json");
    return response.status === 204 || json ? null : "signed out";
  }

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
    clearTimeout(retry);
    retry = null;
    if (recovered) tell();
  }

  /* Sooner at first, and never all walls in the same moment. */
  function plan() {
    if (retry !== null) return;
    const delay = Math.min(LAST_RETRY, FIRST_RETRY * 1.6 ** Math.min(failures, 10));
    retry = setTimeout(() => {
      retry = null;
      recover();
    }, delay * (0.75 + Math.random() / 2));
  }

  async function recover() {
    const found = await probe();
    if (found.wrong) failed(found.wrong);
    else if (problem !== null) {
      metrics.refresh.again();
      plan();
    }
  }

  /* { wrong, version, ready } of the server as it is now. */
  async function probe() {
    const reply = await request(metrics.page.base + "version", { cache: "no-store" }, PROBE_WITHIN);
    if (reply.wrong) return { wrong: reply.wrong, version: null, ready: false };
    const { version, ready } = await reply.response.json();
    metrics.release.serves(version);
    return { wrong: null, version, ready };
  }

  /* Also where nobody says that something failed: a picture that should be newer than it is. */
  function watch() {
    if (problem === null && metrics.refresh.overdue()) failed("no answer");
  }

  function tell() {
    listeners.forEach((listener) => listener(problem));
  }

  window.addEventListener("online", () => problem !== null && recover());
  window.addEventListener("offline", () => failed("no network"));
  setInterval(watch, 1000);

  metrics.connection = {
    probe,
    problem: () => problem,
    /* The server answers, and still no picture comes: only loading the page anew can help. */
    stuck: () => problem === "no answer" && performance.now() - since > STUCK_AFTER,
    onChange: (listener) => listeners.push(listener),
    isWhole: async (address) => {
      try {
        const response = await send(address, { cache: "no-store", signal: AbortSignal.timeout(PROBE_WITHIN) });
        return response.ok && !response.redirected && (await response.text()).includes('id="page-data"');
      } catch (error) {
        return false;
      }
    },
  };
})(window.metrics);
