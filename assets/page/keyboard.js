/* Keys of the page (layouts/keys.py lists them for people). Single characters, so: not while somebody types, not with
 * Ctrl, Alt or Meta, not under a dialog, and not at all where they are switched off. */
((metrics) => {
  const TYPING = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";
  const { url, range, notice, dom } = metrics;
  let awaitsRange = false;

  /* Ranges: t, then one key more */

  function awaitRange() {
    awaitsRange = true;
    const keys = metrics.page.rangeKeys.map((one) => `${one.key}: ${one.title.toLowerCase()}`);
    notice.say([...keys, "t: another"].join(" · "));
  }

  function awaitNothing() {
    awaitsRange = false;
    notice.say("");
  }

  /** @param {string} key */
  function chooseRange(key) {
    awaitNothing();
    if (key === "t") return openRanges();
    const chosen = metrics.page.rangeKeys.find((one) => one.key === key);
    if (chosen) url.go({ range: chosen.range, from: "", to: "" });
  }

  function openRanges() {
    dom.find("custom-range").setAttribute("open", "");
    dom.find("relative-from").focus();
  }

  /* Charts */

  /* The card in focus, else the one under the pointer, else the first. */
  function card() {
    const focused = document.activeElement?.closest(".card");
    return focused || document.querySelector(".card:hover") || document.querySelector("#board .card");
  }

  function fullScreen() {
    const full = document.querySelector(".card[data-full]");
    const button = full ? full.querySelector(".leave-full") : card()?.querySelector("[data-open=full]");
    /** @type {HTMLElement | null | undefined} */ (button)?.click();
  }

  function compare() {
    const { comparisons } = metrics.page;
    const names = ["", ...Object.keys(comparisons)];
    const next = names[(names.indexOf(url.get("compare")) + 1) % names.length];
    if (comparing) notice.unsay(comparing.words);
    comparing = { with: next, words: next ? `Compared with the ${comparisons[next]}` : "Compared with nothing" };
    isSaid = false;
    url.go({ compare: next });
  }

  /* What a key asked to be compared with: said once it is drawn, and no longer than it holds. */
  /** @type {{ with: string, words: string } | null} */
  let comparing = null;
  let isSaid = false;

  metrics.events.on("address", () => {
    if (comparing === null || url.get("compare") === comparing.with) return;
    notice.unsay(comparing.words);
    comparing = null;
  });
  metrics.events.on("marked", ({ drawn }) => {
    if (comparing === null || isSaid || metrics.shown.isPending() || drawn.get("compare") !== comparing.with) return;
    isSaid = true;
    notice.say(comparing.words, { lasts: notice.SAID_FOR });
  });

  function refresh() {
    metrics.events.announce("ask", { reason: "tick" });
    notice.say("Refreshing");
    metrics.events.on("answer", () => notice.unsay("Refreshing"), { once: true });
  }

  /** @param {number} number */
  function tab(number) {
    const chosen = metrics.page.tabs[number - 1];
    if (chosen) url.go({ tab: chosen.id });
  }

  /** @type {Record<string, () => void>} */
  const ACTIONS = {
    t: awaitRange,
    "/": () => metrics.finder.open(),
    r: refresh,
    f: fullScreen,
    c: compare,
    k: () => url.go({ kiosk: url.isKiosk() ? "" : "1" }),
    l: () => range.step(url.isLive() ? "pause" : "live"),
    z: () => range.step("out"),
    ArrowLeft: () => range.step("back"),
    ArrowRight: () => range.step("forward"),
  };

  /** @param {Event} event - in what has keys of its own: a chart's reader, a table, and on a wall the arrows */
  const isElsewhere = (event) => dom.around(event, "[role=slider], .details-body") !== null || url.isKiosk();

  /**
   * Does what a key says, and says whether it said anything.
   * @param {KeyboardEvent} event
   */
  function obey(event) {
    const { key } = event;
    if (awaitsRange) chooseRange(key);
    else if (/^[1-9]$/.test(key)) tab(Number(key));
    else if (!Object.hasOwn(ACTIONS, key) || (key.startsWith("Arrow") && isElsewhere(event))) return false;
    else ACTIONS[key]();
    return true;
  }

  /** @param {KeyboardEvent} event */
  function isMeant(event) {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return false;
    return !["Shift", "CapsLock", "Tab"].includes(event.key) && !dom.around(event, TYPING);
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (!isMeant(event)) return;
    if (event.key === "?") {
      event.preventDefault();
      if (!document.querySelector("dialog[open]:not(#keys)")) metrics.keysheet.toggle();
    } else if (metrics.keysheet.isOn() && !document.querySelector("dialog[open]") && obey(event)) {
      event.preventDefault();
    }
  }

  // Above the document, where what has keys of its own listens: so it is asked first, whichever file came first.
  window.addEventListener("keydown", pressed);
  window.addEventListener("pointerdown", () => awaitsRange && awaitNothing());
})(window.metrics);
