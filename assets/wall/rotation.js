/* What a wall shows takes turns (?kiosk=1&rotate=30): tabs, pages of a tab, values of a dimension (turns.js). Where the
 * address doesn't say how long a turn is, the tab stays, and what it has more than one screen of still comes by.
 *
 * The next one is asked for while the present one stays: only when its answer is there does the address follow, and a
 * still of the old picture covers the new one until that is drawn. Without an answer nothing changes. A turn begins when
 * its charts are drawn, so that also a slow machine shows each of them that long. */
((metrics) => {
  const SHORTEST = 5;
  const USUAL = 30;
  const HOLD = 60000;
  const ANSWER_WITHIN = 40000;
  const TRY_AGAIN = 5000;
  const BEGINS_WITHIN = 60000;
  const { url, events } = metrics;

  const now = () => performance.now();
  /** @type {number | null} */
  let due = null;
  let heldUntil = 0;
  /** @type {(Place & { at: number, from: string, still: HTMLElement | null }) | null} */
  let pending = null;
  let connected = true;
  /* How often a turn was begun: what waits for charts that have given way to others begins none. */
  let turns = 0;

  function seconds() {
    const wanted = url.get("rotate") === "" ? USUAL : Number(url.get("rotate"));
    return url.isKiosk() && wanted > 0 && !metrics.turns.isHere(next()) ? Math.max(SHORTEST, wanted) : 0;
  }

  const next = () => metrics.turns.neighbour(1, url.get("rotate") === "");

  /** @param {number} step - on, or back, by hand */
  function turn(step) {
    hold();
    show(metrics.turns.neighbour(step, false));
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
    const waits = due === null || due === Number.POSITIVE_INFINITY || isHeld() || !isHealthy();
    const left = Math.max(0, ((due ?? 0) - now()) / 1000);
    return {
      next: metrics.turns.nameOf(next()),
      left: waits ? null : Math.ceil(left),
      part: waits ? 0 : left / every,
      held: isHeld(),
    };
  }

  function step() {
    const every = seconds();
    if (!every) due = null;
    else if (due === null) begin(metrics.turns.present().tab);
    else if (isHeld()) due = Math.max(due, heldUntil);
    else if (now() >= due && pending === null) takeTurn();
    if (pending !== null && now() - pending.at > ANSWER_WITHIN) giveUp();
  }

  /** @param {string} tab */
  function begin(tab) {
    due = Number.POSITIVE_INFINITY;
    turns += 1;
    const mine = turns;
    const drawn = () => {
      if (mine === turns && due === Number.POSITIVE_INFINITY) due = now() + seconds() * 1000;
    };
    metrics.still.whenDrawn(tab, drawn, BEGINS_WITHIN);
  }

  function takeTurn() {
    if (isHealthy()) show(next());
    else due = now() + TRY_AGAIN;
  }

  /** @param {Place} place */
  function show(place) {
    if (pending !== null || metrics.turns.isHere(place)) return;
    const here = metrics.turns.present();
    const still = metrics.still.freeze();
    if (place.tab === here.tab && place.value === here.value) return leaf(place, still);
    pending = { ...place, at: now(), from: location.search, still };
    events.announce("turning", true);
    events.announce("ask", { reason: "rotate", search: url.search({ tab: place.tab, value: place.value }) });
  }

  /**
   * Another page of what is here.
   * @param {Place} place
   * @param {HTMLElement | null} still
   */
  function leaf({ tab, page }, still) {
    due = now() + seconds() * 1000;
    metrics.pages.show(tab, page);
    metrics.still.lift(still);
  }

  events.on("answer", (answer) => {
    if (pending === null) return;
    const elsewhere = pending.from !== location.search;
    /* The answer to a tick that was under way says nothing about what was asked for. */
    if (!elsewhere && (answer.tab !== pending.tab || (!answer.error && shownBy(answer) !== pending.value))) return;
    if (answer.error || elsewhere) giveUp();
    else arrive(pending);
  });

  /** @param {Answer} answer */
  const shownBy = (answer) => answer.rotation?.value ?? "";

  /** @param {Place} place */
  function arrive({ tab, value, page }) {
    const still = end();
    url.go({ tab, value }, { replace: true });
    metrics.pages.show(tab, page);
    begin(tab);
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

  const rotation = { state, turn, hold, release, isHeld };
  metrics.rotation = rotation;
  if (typeof module === "object") module.exports = rotation;
})(globalThis.metrics);
