/* A wall's tab in pages. Where not all rows of cards would be high enough to be read from a distance, they are laid out
 * page below page, as many rows to each as fit, and the board shows one page at a time (wall.css). All of them are drawn
 * and kept fresh; turning a page asks nobody. */
((metrics) => {
  /* Of a card, and of what is drawn in it, without axes and legend (px at --wall 1). */
  const LEAST_HEIGHT = 240;
  const LEAST_PLOT = 88;
  /* What a chart's axes and legend take of its height until its figure says it (px of the figure, which is scaled). */
  const AXES = 44;
  const COLUMNS = 6;
  const { maybe } = metrics.dom;

  /* How many rows each page has; which page stands there, from 0; and which one was asked for, of which tab. */
  /** @type {number[]} */
  let rows = [];
  let present = 0;
  let wanted = { grid: "", page: 0 };
  /* How many rows at most let every chart be high enough, in which room: longer words beside its number make it lower, and
   * while the room is the same it stays so, as pages would come and go with a digit. */
  let enough = { room: "", most: Number.POSITIVE_INFINITY };

  /**
   * How many rows cards take, one after another.
   * @param {number[]} spans - columns of each
   */
  function rowsOf(spans) {
    let [count, taken] = [0, COLUMNS];
    for (const span of spans) {
      if (taken + span > COLUMNS) [count, taken] = [count + 1, 0];
      taken += span;
    }
    return count;
  }

  /**
   * As few pages as can be, of as equal height as can be.
   * @param {number} count - of all rows
   * @param {number} most - on a page
   * @returns {number[]} rows of each page
   */
  function shared(count, most) {
    const pages = Math.max(1, Math.ceil(count / most));
    return Array.from({ length: pages }, (_, page) => Math.ceil((count - page) / pages));
  }

  /** @param {HTMLElement} card */
  const spanOf = (card) => Number(/span (\d+)/.exec(getComputedStyle(card).gridColumn)?.[1] ?? COLUMNS);

  function lay() {
    const board = maybe("board");
    const grid = /** @type {HTMLElement | null} */ (board?.querySelector(".grid") ?? null);
    if (!board || !grid || !metrics.url.isKiosk()) return clear(board);
    watch(board, grid);
    const gap = Number.parseFloat(getComputedStyle(grid).rowGap) || 0;
    const scale = Number(document.documentElement.style.getPropertyValue("--wall") || 1);
    const cards = metrics.dom.all(":scope > .card", grid);
    const room = [grid.id, cards.length, board.clientWidth, board.clientHeight].join(" ");
    if (enough.room !== room) enough = { room, most: Number.POSITIVE_INFINITY };
    const fitting = Math.floor((board.clientHeight + gap) / (LEAST_HEIGHT * scale + gap));
    share(board, rowsOf(cards.map(spanOf)), Math.max(1, Math.min(fitting, enough.most)), gap);
    while (Math.max(...rows) > 1 && areLow(grid, scale)) {
      enough.most = Math.max(...rows) - 1;
      share(board, rowsOf(cards.map(spanOf)), enough.most, gap);
    }
    place(board, grid, gap);
  }

  /**
   * @param {HTMLElement} board
   * @param {number} count - of all rows
   * @param {number} most - on a page
   * @param {number} gap
   */
  function share(board, count, most, gap) {
    rows = shared(count, most);
    board.toggleAttribute("data-pages", rows.length > 1);
    const { height } = board.getBoundingClientRect();
    const heights = rows.map((each) => `repeat(${each}, ${(height - (each - 1) * gap) / each}px)`);
    board.style.setProperty("--rows", heights.join(" "));
  }

  /**
   * Whether a chart or a table is too low to be read, once its card has its number and words.
   * @param {HTMLElement} grid
   * @param {number} scale - of the wall
   */
  function areLow(grid, scale) {
    const drawn = metrics.dom.all(":scope > .card .chart", grid).filter((chart) => chart.clientHeight > 0);
    const zoom = scale * Number(getComputedStyle(grid).getPropertyValue("--chart-scale"));
    return !grid.querySelector(".skeleton") && drawn.some((chart) => chart.clientHeight < leastOf(chart, scale, zoom));
  }

  /* What the axes and the legend of each graph take of its height. */
  /** @type {WeakMap<Element, number>} */
  const axes = new WeakMap();

  /**
   * How high a chart with its axes, or a table, has to be (px).
   * @param {HTMLElement} chart
   * @param {number} scale - of the wall
   * @param {number} zoom - of its charts
   */
  function leastOf(chart, scale, zoom) {
    const table = /** @type {HTMLElement | null} */ (chart.querySelector(".ranking"));
    if (table) return metrics.listings.least(table);
    const graph = chart.querySelector(".graph .js-plotly-plot, .graph > [data-waiting]");
    return LEAST_PLOT * scale + ((graph && axes.get(graph)) ?? AXES) * zoom;
  }

  /**
   * @param {HTMLElement} board
   * @param {HTMLElement} grid
   * @param {number} gap
   */
  function place(board, grid, gap) {
    const page = wanted.grid === grid.id ? wanted.page : 0;
    const before = present;
    present = page < 0 ? rows.length - 1 : Math.min(page, rows.length - 1);
    board.style.setProperty("--above", `${present * (board.getBoundingClientRect().height + gap)}px`);
    if (present !== before) metrics.events.announce("paged");
  }

  /** @param {HTMLElement | null} board */
  function clear(board) {
    rows = [];
    present = 0;
    board?.removeAttribute("data-pages");
  }

  /**
   * @param {string} tab
   * @param {number} page - from 0; -1 is the last
   */
  function show(tab, page) {
    wanted = { grid: `grid-${tab}`, page };
    lay();
  }

  /* Whatever changes the cards or their room lays them out anew. */
  const changed = typeof MutationObserver === "undefined" ? null : new MutationObserver(lay);
  const resized = typeof ResizeObserver === "undefined" ? null : new ResizeObserver(lay);

  /**
   * @param {HTMLElement} board
   * @param {HTMLElement} grid
   */
  function watch(board, grid) {
    changed?.disconnect();
    for (const element of [board, grid]) changed?.observe(element, { childList: true });
    resized?.observe(board);
  }

  metrics.events.on("figure", ({ graph, figure }) => {
    const { t = 0, b = 0 } = figure.layout.margin ?? {};
    axes.set(graph, t + b);
  });
  /* What an answer lists stands there with the next frame. */
  metrics.events.on("answer", () => {
    lay();
    requestAnimationFrame(lay);
  });
  metrics.events.on("address", () => requestAnimationFrame(lay));

  const pages = { count: () => Math.max(1, rows.length), present: () => present, show, rowsOf, shared };
  metrics.pages = pages;
  if (typeof module === "object") module.exports = pages;
})(globalThis.metrics);
