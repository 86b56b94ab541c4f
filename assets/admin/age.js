/* How old the pipeline page is, where its server or the database does not answer: what it showed last stays, and is
 * called old. Dash would say nothing, and go on as if it were now. */
(() => {
  const ANSWER_WITHIN = 30000;
  const send = globalThis.fetch.bind(globalThis);

  let answered = Date.now();
  /** @type {string | null} */
  let wrong = null;

  window.fetch = (input, init) => {
    const address = input instanceof Request ? input.url : String(input);
    const asks = address.includes("_dash-update-component") && document.getElementById("pipeline") !== null;
    return asks ? answerOf(input, init) : send(input, init);
  };

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function answerOf(input, init) {
    const response = await reply(input, init);
    if (wrong === null) answered = Date.now();
    tell();
    return wrong === null && response !== null ? response : new Response(null, { status: 204 });
  }

  /**
   * @param {RequestInfo | URL} input
   * @param {RequestInit} [init]
   */
  async function reply(input, init) {
    try {
      const response = await send(input, { ...init, signal: AbortSignal.timeout(ANSWER_WITHIN) });
      wrong = await fault(response);
      return response;
    } catch {
      wrong = "the server does not answer";
      return null;
    }
  }

  /** @param {Response} response */
  async function fault(response) {
    if (response.redirected || response.status === 401) return "signed out";
    if (response.ok) return null;
    try {
      return String((await response.json()).error);
    } catch {
      return "the server does not answer";
    }
  }

  function tell() {
    const told = document.getElementById("age");
    if (told === null) return;
    told.hidden = wrong === null;
    told.textContent = wrong === null ? "" : `Last update ${clock(answered)}, ${ago()} ago — ${wrong}; trying again`;
  }

  /** @param {number} at */
  const clock = (at) => new Date(at).toLocaleTimeString([], { hourCycle: "h23" });

  function ago() {
    const seconds = Math.round((Date.now() - answered) / 1000);
    return seconds < 120 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
  }

  setInterval(() => wrong !== null && tell(), 1000);
})();
