/* When the server is asked, and for what: the whole picture after a change of the address, the traces on a tick. */
((metrics, callbacks) => {
  const STUCK_AFTER = 60000;
  const ASK_AGAIN_AFTER = 5000;
  const ROOM_MAY_DIFFER = 0.1;
  const { shown, events } = metrics;

  let turning = false;
  let connected = true;

  const nothing = () => window.dash_clientside.no_update;

  /**
   * @param {AskReason} reason
   * @param {string} [search]
   */
  function question(reason, search = location.search) {
    const { number, at } = metrics.questions.ask(reason, search);
    const theme = document.documentElement.dataset.bsTheme;
    const width = expected(search);
    sent = width;
    leave(width);
    return { search, reason, zone: metrics.time.viewerZone, theme, width, number, at };
  }

  /* How much room charts had when the server was asked last, and whether that was for their room alone. */
  let sent = 0;
  let fitting = false;

  /* The first cards of a tab may be narrower than what stood there when they were asked for: a wall has more of them in a
     row, and enlarges them; and a tab of tables has no room to tell of. What is drawn for other room has bars too thin
     and labels over one another, until the next tick, if there is one. Of one answer it is asked once. */
  function fit() {
    const room = narrowest() || sent;
    if (room && metrics.answer) known.set(lookOf(metrics.answer.tab), room);
    const isOff = Math.abs(room - sent) > room * ROOM_MAY_DIFFER;
    if (!isOff || fitting || !connected || turning || metrics.questions.isOpen()) {
      fitting = false;
      return;
    }
    fitting = true;
    ask(reasonNow());
  }

  /* How much room the charts of a tab had when they last stood here, in a window of the same look: going to and fro
     between tabs of wide and of narrow cards would ask twice each time, and draw all of them twice. */
  /** @type {Map<string, number>} */
  const known = new Map();
  const lookOf = (/** @type {string} */ tab) => [tab, window.innerWidth, metrics.url.isKiosk()].join(" ");

  /** @param {string} search */
  function expected(search) {
    const tab = metrics.url.of(search).get("tab");
    return (tab !== metrics.answer?.tab && known.get(lookOf(tab))) || narrowest();
  }

  let left = "";

  /* What no address says, for the server when the page is opened next (callbacks/first.py). Once a cookie is written, the
     browser fetches all of them anew for whoever reads them next. */
  function leave(/** @type {number} */ width) {
    const secure = location.protocol === "https:" ? "; Secure" : "";
    const look = `${width}.${metrics.time.viewerZone}`;
    if (look === left) return;
    left = look;
    // biome-ignore lint/suspicious/noDocumentCookie: browsers have the Cookie Store by HTTPS only
    document.cookie = `metrics-look=${look}; Path=${metrics.page.base}; SameSite=Lax; Max-Age=31536000${secure}`;
  }

  /* How much room the charts have (px): bars are to stay wide enough on the narrowest card. 0 where there is none yet. */
  function narrowest() {
    const widths = rooms().map(widthOf).filter(Boolean);
    return widths.length ? Math.min(...widths) : 0;
  }

  const rooms = () =>
    metrics.dom.all("#board .chart:not(.listing)").map((chart) => chart.querySelector(".graph") ?? chart);

  /* How wide each was when the browser last laid out the page. To ask an element has it done once more, in the way of the
     question. */
  /** @type {WeakMap<Element, number>} */
  const widths = new WeakMap();
  const laidOut = new ResizeObserver((changes) => {
    for (const { target, contentRect } of changes) {
      widths.set(target, Math.round(contentRect.width));
      if (!target.isConnected) laidOut.unobserve(target);
    }
  });

  /** @param {Element} room */
  const widthOf = (room) => widths.get(room) ?? room.clientWidth;

  /* url.search, tick.n_intervals → request.data */
  callbacks.plan = () => {
    if (window.dash_clientside.callback_context.triggered_id === "tick")
      return isTickDue() ? question(reasonNow()) : nothing();
    metrics.links.mark();
    return metrics.questions.key() === shown.keyOf(location.search) ? nothing() : question("navigate");
  };

  /* New traces suffice for a picture that is of this address. A tick may come between a change of the address and its
     answer: it would take that answer's place. */
  const reasonNow = () => (metrics.questions.isDrawn(location.search) ? "tick" : "navigate");

  function isTickDue() {
    const stuck = Date.now() - metrics.questions.at() > STUCK_AFTER;
    return (!metrics.questions.isOpen() || stuck) && !turning && !document.hidden && metrics.url.isLive();
  }

  /** @type {number | null} */
  let paced = null;

  /* url.search → tick.interval, tick.disabled; most addresses leave both as they are */
  callbacks.pace = () => {
    const pace = metrics.url.pace();
    const before = paced;
    paced = pace;
    const label = metrics.dom.maybe("refresh-label");
    if (label) label.textContent = paceText(pace);
    if (pace === before) return [nothing(), nothing()];
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

  events.on("ask", ({ reason, search }) => ask(reason === "rotate" ? reason : reasonNow(), search));
  events.on("turning", (on) => {
    turning = on;
  });
  events.on("connection", ({ problem }) => {
    connected = problem === null;
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && metrics.questions.key() !== null && metrics.url.isLive()) ask(reasonNow());
  });

  /* Nothing is left unanswered, also where no tick comes: the clock is off, or the range stands still. Without a
     connection connection.js asks. */
  function watch() {
    if (!connected || turning || document.hidden || metrics.questions.key() === null || metrics.questions.isOpen())
      return;
    const missing = metrics.questions.isOwed() || shown.keyOf(location.search) !== metrics.questions.key();
    if (missing && Date.now() - metrics.questions.at() > ASK_AGAIN_AFTER) ask(reasonNow());
  }

  /* The quiet countdown: a ring that empties until the next tick. */
  function countDown() {
    const pace = metrics.url.pace();
    const left = pace ? 1 - Math.min(1, (Date.now() - metrics.questions.at()) / 1000 / pace) : 0;
    for (const ring of metrics.dom.all(".ring")) ring.style.setProperty("--left", String(left));
  }

  events.on("answer", countDown);
  events.on("answer", () => {
    for (const room of rooms()) laidOut.observe(room);
  });
  events.on("answer", ({ error }) => {
    if (!error) requestAnimationFrame(fit);
  });
  setInterval(() => {
    countDown();
    watch();
  }, 1000);
})(window.metrics, window.dash_clientside.metrics);
