/* What the server sent of the board stands until the page has drawn it itself (layouts/first.py): until Dash has built its
 * own beside it, then over that one, and no longer once the charts in sight are drawn. */
((metrics) => {
  const DRAWN_WITHIN = 5000;
  const { dom, events } = metrics;

  const first = dom.maybe("first");
  /** @type {HTMLElement | null} */
  let board = first?.querySelector(".board.sketched") ?? null;
  /** @type {HTMLElement | null} */
  const footer = first?.querySelector("footer") ?? null;

  /* Once Dash has built the page. Nothing is painted in between. */
  function handOver() {
    const page = document.querySelector("#react-entry-point .drawn");
    if (!page) return;
    observer.disconnect();
    first?.remove();
    if (board) layOver(page);
  }

  /** @param {Element} page - these are no part of what React looks after */
  function layOver(page) {
    for (const part of [board, footer]) part?.removeAttribute("id");
    const stage = /** @type {HTMLElement} */ (page.querySelector(".stage"));
    stage.dataset.sketched = "";
    stage.append(/** @type {HTMLElement} */ (board));
    footer?.classList.add("sketched");
    page.querySelector("#footer")?.after(/** @type {HTMLElement} */ (footer));
  }

  function lift() {
    if (!board) return;
    const tapped = tap(board);
    board.parentElement?.removeAttribute("data-sketched");
    board.remove();
    footer?.remove();
    board = null;
    if (tapped) events.announce("tapped", tapped);
  }

  /**
   * Which of the cards was touched before its chart was drawn, and where on that (assets/inline/begin.js).
   * @param {Element} sketched
   */
  function tap(sketched) {
    const chart = dom.all("[data-tapped]", sketched)[0];
    if (!chart) return null;
    const [left, top] = (chart.dataset.tapped ?? "").split(" ").map(Number);
    return { card: dom.all(".card", sketched).findIndex((card) => card.contains(chart)), left, top };
  }

  /** @param {number} since */
  function liftOnceDrawn(since) {
    if (metrics.graphs.areDrawn(dom.maybe("board"), isInSight) || performance.now() - since > DRAWN_WITHIN) lift();
    else requestAnimationFrame(() => liftOnceDrawn(since));
  }

  /** @param {Element} element */
  function isInSight(element) {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  }

  /* Where nothing could be asked, what is there stays. */
  events.on("answer", ({ error, final }) => {
    if (!board || (error && !final)) return;
    if (error) lift();
    else liftOnceDrawn(performance.now());
  });

  /* Of links that came late. */
  window.whole.then(() => metrics.links.mark());

  const observer = new MutationObserver(handOver);
  if (first) {
    observer.observe(dom.find("react-entry-point"), { childList: true, subtree: true });
    if (board) metrics.shown.stand(`?${board.dataset.search ?? ""}`);
    /* When every file has said which links there are. */
    setTimeout(() => first.isConnected && metrics.links.mark());
  }
})(window.metrics);
