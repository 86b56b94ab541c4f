/* When the server is asked, and for what: the whole picture after a change of the address, the traces on a tick. */
((metrics, callbacks) => {
  /* What doesn't change the data: the browser sees to these names alone. */
  const LOOKS = ["theme", "refresh", "hidden", "kiosk", "rotate"];
  const STUCK_AFTER = 60000;

  /** @type {{ key: string | null, at: number }} */
  let asked = { key: null, at: 0 };
  /* Whether the whole picture was asked for, and none has come yet. */
  let owed = false;
  let turning = false;

  const nothing = () => window.dash_clientside.no_update;

  /** @param {string} search - what of it decides on the data */
  function keyOf(search) {
    const query = new URLSearchParams(search);
    for (const name of LOOKS) query.delete(name);
    query.sort();
    return query.toString();
  }

  /**
   * @param {AskReason} reason
   * @param {string} [search]
   */
  function question(reason, search = location.search) {
    asked = { key: keyOf(search), at: Date.now() };
    owed = owed || reason !== "tick";
    const theme = document.documentElement.dataset.bsTheme;
    return { search, reason, zone: metrics.time.viewerZone, theme, width: narrowest(), at: asked.at };
  }

  /* How much room the charts have (px): bars are to stay wide enough on the narrowest card. 0 where there is none yet. */
  function narrowest() {
    const charts = document.querySelectorAll("#board .chart");
    const widths = Array.from(charts, (chart) => (chart.querySelector(".graph") ?? chart).clientWidth).filter(Boolean);
    return widths.length ? Math.min(...widths) : 0;
  }

  /* url.search, tick.n_intervals, busy.data → request.data */
  callbacks.plan = (_search, _ticks, busy) => {
    if (window.dash_clientside.callback_context.triggered_id === "tick")
      return isTickDue(busy) ? question(reasonNow()) : nothing();
    metrics.links.mark();
    return asked.key === keyOf(location.search) ? nothing() : question("navigate");
  };

  /* New traces suffice for a picture that is of this address. A tick may come between a change of the address and its
     answer: it would take that answer's place. */
  const reasonNow = () => (owed || asked.key !== keyOf(location.search) ? "navigate" : "tick");

  /** @param {boolean} busy */
  function isTickDue(busy) {
    const stuck = Date.now() - asked.at > STUCK_AFTER;
    return (!busy || stuck) && !turning && !document.hidden && metrics.url.isLive();
  }

  /* url.search → tick.interval, tick.disabled */
  callbacks.pace = () => {
    const pace = metrics.url.pace();
    const label = metrics.dom.maybe("refresh-label");
    if (label) label.textContent = paceText(pace);
    return [pace ? Math.max(1, pace) * 1000 : nothing(), pace === 0];
  };

  /** @param {number} pace */
  function paceText(pace) {
    if (pace > 0) return metrics.time.duration(pace);
    return metrics.url.isLive() ? "Off" : "Paused";
  }

  /**
   * @param {AskReason} reason
   * @param {string} [search]
   */
  function ask(reason, search) {
    window.dash_clientside.set_props("request", { data: question(reason, search) });
  }

  metrics.events.on("ask", ({ reason, search }) => ask(reason === "rotate" ? reason : reasonNow(), search));
  metrics.events.on("answer", ({ error }) => {
    owed = owed && Boolean(error);
  });
  metrics.events.on("turning", (on) => {
    turning = on;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && asked.key !== null && metrics.url.isLive()) ask(reasonNow());
  });

  /* The quiet countdown: a ring that empties until the next tick. */
  function countDown() {
    const pace = metrics.url.pace();
    const left = pace ? 1 - Math.min(1, (Date.now() - asked.at) / 1000 / pace) : 0;
    for (const ring of metrics.dom.all(".ring")) ring.style.setProperty("--left", String(left));
  }

  metrics.events.on("answer", countDown);
  setInterval(countDown, 1000);
})(window.metrics, window.dash_clientside.metrics);
