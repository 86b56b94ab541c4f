/* Sheets that open from a button (details.menu): one at a time, closed by Escape and by a click elsewhere. Upwards where
 * there is no room below. Arrows move in them, Home and End to their ends, and a letter to what begins with it. */
((metrics) => {
  const EDGE = 8;
  const GAP = 6;
  const LEAST = 120;

  const opened = () => metrics.dom.all("details.menu[open]");

  /** @param {Element} menu */
  const opener = (menu) => /** @type {HTMLElement} */ (menu.querySelector("summary"));

  /** @param {Element} menu - closed, its button in focus */
  function close(menu) {
    menu.removeAttribute("open");
    opener(menu).focus();
  }

  /**
   * Closes the menu around an element, if there is one, and gives its button.
   * @param {Element} element
   * @param {{ focus: boolean }} [options] - focus: whether the button gets it
   */
  function leave(element, { focus } = { focus: true }) {
    const menu = element.closest("details[open]");
    if (menu === null) return null;
    if (focus) close(menu);
    else menu.removeAttribute("open");
    return opener(menu);
  }

  /** @param {Element} element - closes every open menu but the one around it */
  function closeOthers(element) {
    for (const menu of opened()) {
      if (!menu.contains(element)) menu.removeAttribute("open");
    }
  }

  document.addEventListener("click", (event) => closeOthers(/** @type {Element} */ (event.target)));

  /* Up, where it is cut below and there is more room above, and no higher than that room; from its button's start, where
     it would be cut before it, or, where that leads out of the window too, beside its edge. All is measured before any of
     it is set: a sheet that stands out of the window for as long as it takes to measure it zooms a phone's page out. */
  /** @param {HTMLElement} menu */
  function turn(menu) {
    const sheet = /** @type {HTMLElement | null} */ (menu.querySelector(":scope > .sheet"));
    if (!sheet) return;
    menu.removeAttribute("data-up");
    menu.removeAttribute("data-start");
    Object.assign(sheet.style, { translate: "", maxHeight: "" });
    const [button, box] = [opener(menu).getBoundingClientRect(), sheet.getBoundingClientRect()];
    const [width, height] = [document.documentElement.clientWidth, window.innerHeight];
    const [above, below] = [button.top - GAP - EDGE, height - button.bottom - GAP - EDGE];
    const isUp = box.height > below && above > below;
    const isAtStart = box.left < 0 && button.left + box.width <= width;
    menu.toggleAttribute("data-up", isUp);
    menu.toggleAttribute("data-start", isAtStart);
    const across = isAtStart ? 0 : inside(box, width);
    if (across) sheet.style.translate = `${across}px`;
    const most = Math.max(LEAST, isUp ? above : below);
    if (box.height > most) sheet.style.maxHeight = `${most}px`;
  }

  /**
   * How far something has to go to lie between the edges of a room; where it is wider than that, to begin there.
   * @param {{ left: number, right: number }} box
   * @param {number} room
   */
  function inside({ left, right }, room) {
    if (left >= 0 && right <= room) return 0;
    return Math.max(Math.min(0, room - EDGE - right), EDGE - left);
  }

  /* What of a sheet can be chosen now, in the order in which it stands. */
  /** @param {HTMLElement} menu */
  const entries = (menu) =>
    metrics.dom
      .all(".sheet :is(a, button)", menu)
      .filter((one) => !one.hasAttribute("disabled") && one.offsetParent !== null);

  /** @param {HTMLElement} entry */
  const wordsOf = (entry) => (entry.textContent ?? "").trim().toLowerCase();

  /**
   * Where a key leads: the place of an entry; -1 where it means nothing here.
   * @param {string} key
   * @param {string[]} words - of all entries
   * @param {number} present - -1 before the first
   */
  function placeFor(key, words, present) {
    const last = words.length - 1;
    if (last < 0) return -1;
    if (key === "ArrowDown") return present < last ? present + 1 : 0;
    if (key === "ArrowUp") return present > 0 ? present - 1 : last;
    if (key === "Home") return 0;
    if (key === "End") return last;
    if (key.length !== 1 || key === " ") return -1;
    const after = words.findIndex((text, place) => place > present && text.startsWith(key.toLowerCase()));
    return after >= 0 ? after : words.findIndex((text) => text.startsWith(key.toLowerCase()));
  }

  /** @param {KeyboardEvent} event */
  function moved(event) {
    const [menu] = opened();
    if (!menu?.contains(document.activeElement) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (metrics.dom.around(event, "input, select, textarea")) return;
    const all = entries(menu);
    const present = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const place = placeFor(event.key, all.map(wordsOf), present);
    if (place >= 0) all[place].focus();
    /* While a menu is open, its letters are not the page's keys. */
    if (place >= 0 || /^[a-z0-9]$/i.test(event.key)) event.preventDefault();
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") opened().forEach(close);
    else moved(event);
  });

  /* Before the browser paints: at its own event, "toggle", the sheet may have been seen empty, and where it is cut. */
  /** @param {MutationRecord[]} changes */
  function opening(changes) {
    for (const menu of new Set(changes.map(({ target }) => /** @type {HTMLElement} */ (target)))) {
      if (!menu.matches("details.menu[open]")) continue;
      metrics.events.announce("menu", menu);
      turn(menu);
    }
  }

  if (typeof MutationObserver !== "undefined") {
    const change = { subtree: true, attributes: true, attributeFilter: ["open"] };
    new MutationObserver(opening).observe(document.documentElement, change);
  }

  const menus = { leave, close, placeFor, inside };
  metrics.menus = menus;
  if (typeof module === "object") module.exports = menus;
})(globalThis.metrics);
