/* A picture of the board as it stands, over the board, while the next tab is drawn under it. */
((metrics) => {
  const DRAWN_WITHIN = 5000;
  const LOOK_EVERY = 40;
  const LEAVES_WITHIN = 400;

  /* It is no part of what React looks after. */
  function freeze() {
    const board = metrics.dom.maybe("board");
    if (!board) return null;
    const still = /** @type {HTMLElement} */ (board.cloneNode(true));
    still.removeAttribute("id");
    for (const element of metrics.dom.all("[id]:not(svg *)", still)) element.removeAttribute("id");
    for (const element of metrics.dom.all(".js-plotly-plot", still)) element.classList.add("still-plot");
    still.classList.add("still");
    still.setAttribute("aria-hidden", "true");
    still.inert = true;
    const { left, top, width, height } = board.getBoundingClientRect();
    Object.assign(still.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
    document.body.append(still);
    return still;
  }

  /** @param {HTMLElement | null} still */
  function lift(still) {
    if (!still) return;
    still.dataset.leaving = "";
    setTimeout(() => still.remove(), LEAVES_WITHIN);
  }

  /**
   * @param {string} tab
   * @param {() => void} then - called in any case
   * @param {number} [within] - at the latest (ms)
   */
  function whenDrawn(tab, then, within = DRAWN_WITHIN) {
    const started = performance.now();
    const look = () => {
      const drawn = metrics.graphs.areDrawn(document.querySelector(`#grid-${tab}`));
      if (drawn || performance.now() - started > within) then();
      else setTimeout(look, LOOK_EVERY);
    };
    look();
  }

  const still = { freeze, lift, whenDrawn };
  metrics.still = still;
  if (typeof module === "object") module.exports = still;
})(globalThis.metrics);
