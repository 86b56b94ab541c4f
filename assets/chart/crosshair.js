/* One crosshair through all charts of a tab, by pointer, by keys or pinned by touch: which bucket it stands on. marker.js draws it. */
((metrics) => {
  const { graphs } = metrics;

  /**
   * The chart where the pointer or the focus is, its bucket, and that one's start.
   * @type {{ graph: Graph, index: number, moment: number } | null}
   */
  let shown = null;
  /* Where the pointer was last, while the crosshair is its. */
  /** @type {PointerEvent | null} */
  let pointed = null;
  let frame = 0;

  /** @param {Graph} graph */
  const gridOf = (graph) => metrics.grid.of(graph._fullLayout.meta);

  /**
   * @param {Graph} graph
   * @param {number} index
   */
  function show(graph, index) {
    shown = { graph, index, moment: gridOf(graph).edge(index) };
    later();
  }

  function hide() {
    shown = null;
    pointed = null;
    for (const reader of metrics.dom.all(".reader[data-on]")) reader.removeAttribute("data-on");
  }

  function later() {
    frame = frame || requestAnimationFrame(render);
  }

  function render() {
    frame = 0;
    if (shown === null) return;
    if (!shown.graph.isConnected || !shown.graph._fullLayout) return hide();
    const moment = gridOf(shown.graph).edge(shown.index);
    for (const graph of graphs.all()) {
      watch(graph);
      metrics.marker.draw(graph, graph === shown.graph ? shown.index : gridOf(graph).within(moment));
    }
  }

  /* A chart that is drawn anew moves what the crosshair stands on. */

  /** @type {WeakSet<Graph>} */
  const watched = new WeakSet();

  /** @param {Graph} graph */
  function watch(graph) {
    if (watched.has(graph)) return;
    watched.add(graph);
    graph.on("plotly_afterplot", () => metrics.events.announce("drawn"));
  }

  /* Under a pointer that rests another moment may lie by then; who reads by keys stays at theirs. */
  metrics.events.on("drawn", () => {
    if (shown === null) return;
    if (!shown.graph.isConnected) return hide();
    if (pointed !== null) return moved(pointed);
    shown.index = gridOf(shown.graph).within(shown.moment);
    shown.moment = gridOf(shown.graph).edge(shown.index);
    later();
  });

  /* Pointer */

  /* A finger that is lifted leaves what it has pinned. */
  /** @param {PointerEvent} event */
  const isFinger = (event) => event.pointerType === "touch";

  function left() {
    if (shown !== null && document.activeElement !== graphs.readerOf(shown.graph)) hide();
  }

  /** @param {PointerEvent} event */
  function moved(event) {
    const spot = metrics.pointer.under(event);
    if (!spot) return left();
    pointed = event;
    show(spot.graph, metrics.grid.nearest(spot.graph._fullLayout.meta, spot.moment));
  }

  document.addEventListener("pointermove", (event) => isFinger(event) || moved(event), { passive: true });
  document.documentElement.addEventListener("pointerleave", (event) => isFinger(event) || left());

  /**
   * By touch: it stays at that moment, as where it is read by keys.
   * @param {Graph} graph
   * @param {number} moment
   */
  const pin = (graph, moment) => read(graph, metrics.grid.nearest(graph._fullLayout.meta, moment));

  /* The moment below a chart leads to its events, where there is no pointer to click the point with. */
  document.addEventListener("click", (event) => {
    const graph = metrics.dom.around(event, ".cross-time") && graphs.of(/** @type {Element} */ (event.target));
    if (graph && shown !== null) choose(graph, gridOf(graph).within(shown.moment));
  });

  /* Keys: the reader of a chart is a slider along its buckets */

  /** @type {Record<string, number>} */
  const STEPS = {
    ArrowLeft: -1,
    ArrowDown: -1,
    ArrowRight: 1,
    ArrowUp: 1,
    PageDown: -10,
    PageUp: 10,
    Home: -Infinity,
    End: Infinity,
  };

  /** @param {Event} event - the graph whose reader has the focus */
  const graphRead = (event) => {
    const target = /** @type {Element} */ (event.target);
    return target.classList?.contains("reader") ? graphs.of(target) : null;
  };

  /**
   * By keys, or where it is pinned.
   * @param {Graph} graph
   * @param {number} index
   */
  function read(graph, index) {
    pointed = null;
    show(graph, index);
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Graph} graph
   */
  function obey(event, graph) {
    const last = gridOf(graph).count - 1;
    const present = shown?.graph === graph ? shown.index : last;
    if (event.key === "Enter") choose(graph, present);
    else if (event.key === "Escape") hide();
    else if (event.key in STEPS)
      read(graph, Math.max(0, Math.min(last, present + STEPS[event.key] * (event.shiftKey ? 10 : 1))));
    else return;
    event.preventDefault();
  }

  /**
   * @param {Graph} graph
   * @param {number} index
   */
  function choose(graph, index) {
    const detail = { chart: graphs.idOf(graph), start: gridOf(graph).edge(index), from: graphs.readerOf(graph) };
    metrics.events.announce("point", detail);
  }

  document.addEventListener("keydown", (event) => {
    const graph = graphRead(event);
    if (graph && !event.altKey && !event.ctrlKey && !event.metaKey) obey(event, graph);
  });
  document.addEventListener("focusin", (event) => {
    const graph = graphRead(event);
    if (!graph || !graphs.readerOf(graph).matches(":focus-visible")) return;
    read(graph, shown === null ? gridOf(graph).count - 1 : gridOf(graph).within(shown.moment));
  });
  document.addEventListener("focusout", (event) => {
    if (/** @type {Element} */ (event.target).classList?.contains("reader")) hide();
  });

  const crosshair = { pin, choose, hide };
  metrics.crosshair = crosshair;
  if (typeof module === "object") module.exports = crosshair;
})(globalThis.metrics);
