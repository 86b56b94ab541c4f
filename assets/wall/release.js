/* When the page is loaded anew. A wall does so by itself: after a new version, and when its memory or its age passes a
 * budget; never before the server has shown that it is ready, never twice within GAP, and not all walls at once.
 * Elsewhere a note offers it. */
((metrics) => {
  const MINUTE = 60000;
  const GAP = 10 * MINUTE;
  const STUCK_AFTER = 5 * MINUTE;
  const SPREAD = 20000;
  const LONGEST_LIFE = 6 * 60 * MINUTE * (1 + Math.random());
  const HEAP = 256 * 1024 * 1024;
  const KEY = "metrics-reloaded-at";
  const { events, server } = metrics;
  const { session } = metrics.storage;

  /** @type {number | null} */
  let newerSince = null;
  let wait = 0;
  let trying = false;
  let heldUntil = 0;
  /** @type {MetricsEvents["connection"]} */
  let connection = { problem: null, since: 0 };

  /** @param {string} version - two may take turns while a deployment is under way: only what was said last counts */
  function serves(version) {
    if (version === metrics.page.version) newerSince = null;
    else if (newerSince === null) {
      newerSince = performance.now();
      wait = Math.random() * SPREAD;
    }
    const note = metrics.dom.maybe("release-note");
    if (note) note.hidden = newerSince === null;
  }

  function reason() {
    if (newerSince !== null && performance.now() - newerSince >= wait) return "version";
    if (performance.now() > LONGEST_LIFE) return "age";
    if (performance.memory && performance.memory.usedJSHeapSize > HEAP) return "memory";
    return isStuck() ? "stuck" : null;
  }

  /* The server answers, and still no picture comes: only loading the page anew can help. */
  const isStuck = () => connection.problem === "no answer" && performance.now() - connection.since > STUCK_AFTER;

  /* Where this can't be remembered the page is never reloaded: a loop would be worse than an old page. */
  function isAllowed() {
    if (!session.write(`${KEY}-test`, "1")) return false;
    const last = Number(session.read(KEY));
    return !(last > 0) || Math.abs(Date.now() - last) > GAP;
  }

  const isWanted = () => metrics.url.isKiosk() && performance.now() >= heldUntil && reason() !== null && isAllowed();

  async function consider() {
    if (trying || !isWanted()) return;
    trying = true;
    try {
      const { ready } = await server.probe();
      const whole = ready && reason() !== null && (await server.servesPage(location.href));
      if (whole && session.write(KEY, String(Date.now()))) location.reload();
    } finally {
      trying = false;
    }
  }

  document.addEventListener("click", (event) => {
    if (metrics.dom.around(event, "#release-note")) location.reload();
  });

  events.on("answer", ({ version }) => {
    if (version) serves(version);
  });
  events.on("version", serves);
  events.on("connection", (changed) => {
    connection = changed;
  });
  events.on("held", (until) => {
    heldUntil = until;
  });
  setInterval(consider, 5000);
})(window.metrics);
