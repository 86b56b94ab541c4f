/* Asking the server: every request ends, and its end is either a whole answer or what is wrong, in words. */
((metrics) => {
  const PROBE_WITHIN = 8000;

  const send = globalThis.fetch.bind(globalThis);

  /**
   * The whole answer, or what is wrong with it. Never throws and always ends.
   * @param {RequestInfo | URL} input
   * @param {RequestInit | undefined} init
   * @param {number} within - ms
   * @returns {Promise<{ wrong: string, response: null } | { wrong: null, response: Response }>}
   */
  async function request(input, init, within) {
    try {
      const response = await send(input, { ...init, signal: AbortSignal.timeout(within) });
      const wrong = fault(response);
      if (wrong) return { wrong, response: null };
      if (response.status === 204) return { wrong: null, response };
      return { wrong: null, response: read(response, JSON.parse(await response.text())) };
    } catch (error) {
      const late = /** @type {Error} */ (error).name === "TimeoutError";
      return { wrong: late ? "server does not answer" : "server not reachable", response: null };
    }
  }

  /**
   * A response whose body is here as a whole, whoever reads it and however often: each reading of a body takes the browser
   * several turns.
   * @param {Response} response
   * @param {any} body
   */
  function read({ status, headers }, body) {
    const whole = new Response(null, { status, headers });
    whole.json = async () => body;
    return whole;
  }

  /** @param {Pick<Response, "ok" | "status" | "redirected" | "headers">} response */
  function fault(response) {
    if (response.redirected || response.status === 401) return "signed out";
    if (response.status === 403) return "not permitted";
    if (response.status >= 502 && response.status <= 504) return "server not reachable";
    if (response.status >= 500) return "server error";
    if (!response.ok) return `refused (${response.status})`;
    const json = (response.headers.get("Content-Type") || "").includes("json");
    return response.status === 204 || json ? null : "signed out";
  }

  /* What is wrong with the server as it is now, and whether it is ready; its version is announced. */
  async function probe() {
    const reply = await request(`${metrics.page.base}version`, { cache: "no-store" }, PROBE_WITHIN);
    if (reply.wrong !== null) return { wrong: reply.wrong, ready: false };
    const { version, ready } = await reply.response.json();
    metrics.events.announce("version", version);
    return { wrong: null, ready };
  }

  /** @param {string} address - whether the page comes from there as a whole */
  async function servesPage(address) {
    try {
      const response = await send(address, { cache: "no-store", signal: AbortSignal.timeout(PROBE_WITHIN) });
      return response.ok && !response.redirected && (await response.text()).includes('id="page-data"');
    } catch {
      return false;
    }
  }

  /* Of a version (metrics_dash/ops/build.py), what stands after the dash: of which catalog a page or an answer is. */
  const catalogOf = (/** @type {string | undefined} */ version) => version?.split("-")[1] ?? "";

  /** @param {string | undefined} version - of an answer: whether its tabs and charts are others than the page's */
  function isOfAnother(version) {
    const [page, other] = [metrics.page.version, version].map(catalogOf);
    return page !== "" && other !== "" && page !== other;
  }

  const server = { send, request, fault, probe, servesPage, catalogOf, isOfAnother };
  metrics.server = server;
  if (typeof module === "object") module.exports = server;
})(globalThis.metrics);
