/* When the page is loaded anew. A wall does so by itself: after a new version, and when its memory or its age passes a
 * budget; never before the server has shown that it is ready, never twice within GAP, and not all walls at once.
 * Elsewhere a note offers it. */
(function (metrics) {
  const MINUTE = 60000;
  const GAP = 10 * MINUTE;
  const SPREAD = 20000;
  const LONGEST_LIFE = 6 * 60 * MINUTE * (1 + Math.random());
  const HEAP = 256 * 1024 * 1024;
  const KEY = "metrics-reloaded-at";

  const own = metrics.page.version;
  let newerSince = null;
  let wait = 0;
  let trying = false;

  document.addEventListener("metrics:answer", (event) => {
    if (event.detail.version) serves(event.detail.version);
  });

  /* Two versions may take turns while a deployment is under way: only what was said last counts. */
  function serves(version) {
    if (version === own) newerSince = null;
    else if (newerSince === null) {
      newerSince = performance.now();
      wait = Math.random() * SPREAD;
    }
    const note = document.getElementById("release-note");
    if (note) note.hidden = newerSince === null;
  }

  function reason() {
    if (newerSince !== null && performance.now() - newerSince >= wait) return "version";
    if (performance.now() > LONGEST_LIFE) return "age";
    if (performance.memory && performance.memory.usedJSHeapSize > HEAP) return "memory";
    return metrics.connection.stuck() ? "stuck" : null;
  }

  /* Where this can't be remembered the page is never reloaded: a loop would be worse than an old page. */
  function allowed() {
    try {
      sessionStorage.setItem(KEY + "-test", "1");
      const last = Number(sessionStorage.getItem(KEY));
      return !(last > 0) || Math.abs(Date.now() - last) > GAP;
    } catch (error) {
      return false;
    }
  }

  async function consider() {
    if (trying || !metrics.wall.isOn() || metrics.wall.isHeld() || reason() === null || !allowed()) return;
    trying = true;
    try {
      const found = await metrics.connection.probe();
      if (found.ready && reason() !== null && (await metrics.connection.isWhole(location.href))) {
        sessionStorage.setItem(KEY, String(Date.now()));
        location.reload();
      }
    } finally {
      trying = false;
    }
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#release-note")) location.reload();
  });

  setInterval(consider, 5000);
  metrics.release = { serves, reason };
})(window.metrics);
