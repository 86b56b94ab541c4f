/* When the server is asked, and for what: the whole picture after a change of the address, the traces on a tick. */
(function (metrics, callbacks) {
  /* What doesn't change the data: the browser sees to these names alone. */
  const LOOKS = ["theme", "refresh", "hidden", "kiosk", "rotate"];
  const STUCK_AFTER = 60000;
  const MISSED_TICKS = 2;
  const ANSWER_WITHIN = 10000;

  const nothing = () => window.dash_clientside.no_update;
  const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  let asked = { key: null, at: 0, reason: null };

  function key(search = location.search) {
    const query = new URLSearchParams(search);
    LOOKS.forEach((name) => query.delete(name));
    query.sort();
    return query.toString();
  }

  function question(reason, search = location.search) {
    asked = { key: key(search), at: Date.now(), reason };
    return {
      search,
      reason,
      zone: viewerZone,
      theme: document.documentElement.dataset.bsTheme,
      at: asked.at,
    };
  }

  /* url.search, tick.n_intervals, busy.data → request.data */
  callbacks.plan = function (search, ticks, busy) {
    const cause = window.dash_clientside.callback_context.triggered_id;
    if (cause === "tick") {
      const stuck = Date.now() - asked.at > STUCK_AFTER;
      if ((busy && !stuck) || metrics.rotation.isTurning() || document.hidden || !metrics.url.isLive()) return nothing();
      return question("tick");
    }
    metrics.url.mark();
    metrics.theme.apply();
    return asked.key === key() ? nothing() : question("navigate");
  };

  /* url.search → tick.interval, tick.disabled */
  callbacks.pace = function () {
    const seconds = Number(metrics.url.get("refresh"));
    const off = !(seconds > 0) || !metrics.url.isLive();
    const label = document.getElementById("refresh-label");
    if (label) label.textContent = off ? (metrics.url.isLive() ? "Off" : "Paused") : metrics.time.duration(seconds);
    return [off ? window.dash_clientside.no_update : Math.max(1, seconds) * 1000, off];
  };

  function ask(search, reason) {
    window.dash_clientside.set_props("request", { data: question(reason, search) });
  }

  metrics.refresh = {
    /* Ask at once, whatever the clock says. */
    now: () => ask(location.search, "tick"),
    /* Ask for another address than the page's: "rotate" brings a tab that the address names only once it is there. */
    ask,
    /* Ask once more what got no answer. */
    again: () => ask(location.search, asked.reason === "navigate" ? "navigate" : "tick"),
    /* Whether an answer should long be here: the clock runs, somebody looks, and none came. */
    overdue() {
      const seconds = Number(metrics.url.get("refresh"));
      const late = seconds * 1000 * MISSED_TICKS + ANSWER_WITHIN;
      return seconds > 0 && metrics.url.isLive() && !document.hidden && metrics.freshness.silence() * 1000 > late;
    },
    asked: () => asked.at,
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && asked.key !== null && metrics.url.isLive()) metrics.refresh.now();
  });

  /* The quiet countdown: a ring that empties until the next tick. */
  function countDown() {
    const rings = document.querySelectorAll(".ring");
    const seconds = Number(metrics.url.get("refresh"));
    const running = seconds > 0 && metrics.url.isLive();
    const gone = running ? Math.min(1, (Date.now() - asked.at) / 1000 / seconds) : 0;
    rings.forEach((ring) => ring.style.setProperty("--left", running ? String(1 - gone) : "0"));
  }

  document.addEventListener("metrics:answer", countDown);
  setInterval(countDown, 1000);
})(window.metrics, window.dash_clientside.metrics);
