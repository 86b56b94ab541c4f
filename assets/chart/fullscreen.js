/* A chart's full screen: the browser's own, or the card over the page where that is refused. The rest can't be reached. */
((metrics) => {
  /** @type {HTMLElement[]} */
  let shut = [];

  const fullCard = () => metrics.dom.all(".card[data-full]")[0] ?? null;

  /** @param {Element} element - a dialog, or what one stands in: to be reached from a full card as well */
  const holdsDialog = (element) => element.matches("dialog") || element.querySelector("dialog") !== null;

  /** @param {HTMLElement} card - everything on the page that is not in it */
  function others(card) {
    /** @type {Element[]} */
    const found = [];
    for (let element = card; element.parentElement && element !== document.body; element = element.parentElement) {
      found.push(...[...element.parentElement.children].filter((one) => one !== element && !holdsDialog(one)));
    }
    const shown = found.filter((one) => !["SCRIPT", "STYLE", "FOOTER"].includes(one.tagName) || one.id === "footer");
    return /** @type {HTMLElement[]} */ (shown);
  }

  /** @param {HTMLElement} card */
  async function enter(card) {
    leave();
    card.dataset.full = "";
    card.setAttribute("role", "dialog");
    card.setAttribute("aria-modal", "true");
    shut = others(card).filter((one) => !one.inert);
    for (const one of shut) one.inert = true;
    /** @type {HTMLElement} */ (card.querySelector(".leave-full")).focus();
    try {
      await card.requestFullscreen();
    } catch {
      /* Refused or unknown: over the page it is as large. */
    }
    fit();
  }

  function leave() {
    const card = fullCard();
    for (const one of shut) one.inert = false;
    shut = [];
    if (!card) return;
    delete card.dataset.full;
    card.removeAttribute("role");
    card.removeAttribute("aria-modal");
    if (document.fullscreenElement === card) document.exitFullscreen();
    /** @type {HTMLElement | null} */ (card.querySelector(".card-tools summary"))?.focus();
    fit();
  }

  /* Charts follow the size of their place. */
  const fit = () => window.dispatchEvent(new Event("resize"));

  /** @param {KeyboardEvent} event */
  function keyed(event) {
    const card = fullCard();
    if (event.key !== "Escape" || !card || document.querySelector("dialog[open]")) return;
    if (!card.querySelector("details[open]")) leave();
  }

  /* Another tab takes the card away; it has gone with the next frame. */
  metrics.events.on("answer", () => requestAnimationFrame(() => fullCard() || leave()));
  document.addEventListener("fullscreenchange", () => (document.fullscreenElement ? fit() : leave()));
  document.addEventListener("keydown", keyed, true);

  document.addEventListener("click", (event) => {
    const button = metrics.dom.around(event, "[data-open=full], [data-open=leave]");
    if (!button || !metrics.answer) return;
    metrics.menus.leave(button, { focus: false });
    if (button.dataset.open === "leave") leave();
    else enter(metrics.dom.find(`card-${button.dataset.chart}`));
  });
})(window.metrics);
