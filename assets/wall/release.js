/* When the page is loaded anew. Every page does so by itself once the server has another catalog: nothing that it answers
 * fits the tabs and cards that stand here (page/connection.js). A wall also does after a new version, and when its memory
 * or its age passes a budget. Elsewhere a note offers it. Never twice within GAP for the same.
 *
 * Never before the server gives a whole page, on a wall also not before it is ready; and not all walls at once. */
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
  let newer = "";
  let wait = 0;
  let trying = false;
  let heldUntil = 0;
  /* When the server last said its version (performance.now). */
  let heard = 0;
  /** @type {MetricsEvents["connection"]} */
  let connection = { problem: null, since: 0 };

  /** @param {string} version - two may take turns while a deployment is under way: only what was said last counts */
  function serves(version) {
    heard = performance.now();
    newer = version;
    if (version === metrics.page.version) newerSince = null;
    else if (newerSince === null) {
      newerSince = performance.now();
      wait = metrics.url.isKiosk() ? Math.random() * SPREAD : 0;
    }
    const note = metrics.dom.maybe("release-note");
    if (note) note.hidden = newerSince === null;
    consider();
  }

  const isDue = () => newerSince !== null && performance.now() - newerSince >= wait;

  function reason() {
    if (isDue()) return "version";
    if (performance.now() > LONGEST_LIFE) return "age";
    if (performance.memory && performance.memory.usedJSHeapSize > HEAP) return "memory";
    return isStuck() ? "stuck" : null;
  }

  /* The server answers, and still no picture comes: only loading the page anew can help. */
  const isStuck = () => connection.problem === "no answer" && performance.now() - connection.since > STUCK_AFTER;

  /* Where this can't be remembered the page is never reloaded: a loop would be worse than an old page. */
  const remembers = () => session.write(`${KEY}-test`, "1");

  function isAllowed(/** @type {string} */ key) {
    const last = Number(session.read(key));
    return !(last > 0) || Math.abs(Date.now() - last) > GAP;
  }

  const keyOfCatalog = () => `${KEY}-${server.catalogOf(newer)}`;

  /* Once for each catalog within GAP, as behind one address may be servers of two. Meanwhile it is only offered, as where
     somebody would lose what is open or half typed. */
  const isForCatalog = () => isDue() && server.isOfAnother(newer) && isAllowed(keyOfCatalog()) && !isBusy();

  const isBusy = () =>
    document.querySelector("dialog[open], details[open] form") !== null ||
    document.activeElement?.matches("input, textarea") === true;

  function isWanted() {
    if (performance.now() < heldUntil) return false;
    return (isForCatalog() || (metrics.url.isKiosk() && reason() !== null && isAllowed(KEY))) && remembers();
  }

  /* Before it is done, so that it is never done without. */
  function remember() {
    const keys = server.isOfAnother(newer) ? [KEY, keyOfCatalog()] : [KEY];
    return keys.every((key) => session.write(key, String(Date.now())));
  }

  async function consider() {
    if (trying || !isWanted()) return;
    trying = true;
    try {
      const { ready } = await server.probe();
      const fit = ready || !metrics.url.isKiosk();
      const whole = fit && isWanted() && (await server.servesPage(location.href));
      if (whole && isWanted() && remember()) location.reload();
    } finally {
      trying = false;
    }
  }

  /* Of a range that stands still nothing is asked, and still somebody looks at it. */
  function listen() {
    const isQuiet = metrics.url.pace() === 0 && performance.now() - heard > MINUTE;
    if (isQuiet && !document.hidden && connection.problem === null) {
      heard = performance.now();
      server.probe();
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
  document.addEventListener("visibilitychange", listen);
  setInterval(() => {
    listen();
    consider();
  }, 5000);
})(window.metrics);
