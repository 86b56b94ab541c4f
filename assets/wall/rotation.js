/* The tabs of a wall take turns (?kiosk=1&rotate=30).
 *
 * The next tab is asked for while the present one stays: only when its answer is there does the address follow, and a
 * still of the old picture covers the new one until that is drawn. Without an answer nothing changes. */
((metrics) => {
  const SHORTEST = 5;
  const HOLD = 60000;
  const ANSWER_WITHIN = 40000;
  const TRY_AGAIN = 5000;
  const { url, events } = metrics;

  const now = () => performance.now();
  /** @type {number | null} */
  let due = null;
  let heldUntil = 0;
  /** @type {{ tab: string, at: number, from: string, still: HTMLElement | null } | null} */
  let pending = null;
  let connected = true;

  function seconds() {
    const wanted = Number(url.get("rotate"));
    return url.isKiosk() && metrics.page.tabs.length > 1 && wanted > 0 ? Math.max(SHORTEST, wanted) : 0;
  }

  /** @param {number} step - to the right, or to the left */
  function neighbour(step) {
    const { tabs } = metrics.page;
    const place = tabs.findIndex((tab) => tab.id === url.get("tab"));
    return tabs[(Math.max(0, place) + step + tabs.length) % tabs.length];
  }

  const isHealthy = () => connected && metrics.answer !== null && !metrics.answer.error;
  const isHeld = () => now() < heldUntil;

  /**
   * What is next: left in seconds, or null while it is held or waits; part of the time that is left, 1 → 0.
   * @returns {Turn | null} - null where nothing rotates
   */
  function state() {
    const every = seconds();
    if (!every) return null;
    const waits = due === null || isHeld() || !isHealthy();
    const left = Math.max(0, ((due ?? 0) - now()) / 1000);
    const next = neighbour(1).title;
    return { next, left: waits ? null : Math.ceil(left), part: waits ? 0 : left / every, held: isHeld() };
  }

  function step() {
    const every = seconds();
    if (!every) due = null;
    else if (due === null) due = now() + every * 1000;
    else if (isHeld()) due = Math.max(due, heldUntil);
    else if (now() >= due && pending === null) takeTurn();
    if (pending !== null && now() - pending.at > ANSWER_WITHIN) giveUp();
  }

  function takeTurn() {
    if (isHealthy()) show(neighbour(1).id);
    else due = now() + TRY_AGAIN;
  }

  /** @param {string} tab */
  function show(tab) {
    if (pending !== null || tab === url.get("tab")) return;
    pending = { tab, at: now(), from: location.search, still: metrics.still.freeze() };
    events.announce("turning", true);
    events.announce("ask", { reason: "rotate", search: url.search({ tab }) });
  }

  events.on("answer", (answer) => {
    if (pending === null) return;
    const elsewhere = pending.from !== location.search;
    /* The answer to a tick that was under way says nothing about the tab that was asked for. */
    if (answer.tab !== pending.tab && !elsewhere) return;
    if (answer.error || elsewhere) giveUp();
    else arrive(answer.tab);
  });

  /** @param {string} tab */
  function arrive(tab) {
    const still = end();
    due = now() + seconds() * 1000;
    url.go({ tab }, { replace: true });
    metrics.still.whenDrawn(tab, () => metrics.still.lift(still));
  }

  function giveUp() {
    metrics.still.lift(end());
    due = now() + TRY_AGAIN;
  }

  /* The turn is over; its still stands yet. */
  function end() {
    const still = pending?.still ?? null;
    pending = null;
    events.announce("turning", false);
    return still;
  }

  /* Somebody is at the keys: what they chose stays for a while. */
  function hold() {
    heldUntil = now() + HOLD;
    events.announce("held", heldUntil);
  }

  function release() {
    heldUntil = 0;
    due = now() + seconds() * 1000;
    events.announce("held", heldUntil);
  }

  events.on("connection", ({ problem }) => {
    connected = problem === null;
  });
  setInterval(step, 250);

  const rotation = { state, show, neighbour, hold, release, isHeld };
  metrics.rotation = rotation;
  if (typeof module === "object") module.exports = rotation;
})(globalThis.metrics);
