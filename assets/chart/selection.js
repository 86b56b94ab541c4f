/* Dragging on a chart, by mouse or pen (touch.js is for fingers): over a stretch of time for the whole tab, with Shift for this chart alone. A click shows the
 * events behind a point; a double click goes back out.
 *
 * Plotly's own dragging is off (layouts/figure/figures.py), so that it never zooms what the address doesn't say. */
((metrics) => {
  const LEAST_DRAG = 6;
  const DOUBLE_CLICK = 260;

  /** @type {Drag | null} */
  let drag = null;
  let click = 0;

  /** @param {PointerEvent} event */
  function start(event) {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const spot = metrics.pointer.under(event);
    if (spot) drag = { ...spot, from: spot.x, to: spot.x, began: event.clientX, alone: event.shiftKey, moved: false };
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (drag === null) return;
    drag.moved = drag.moved || Math.abs(event.clientX - drag.began) >= LEAST_DRAG;
    drag.to = metrics.pointer.along(drag.graph, event);
    if (drag.moved) paint(drag);
  }

  /** @param {PointerEvent} event */
  function end(event) {
    const done = cancel();
    if (done?.moved) choose(done);
    else if (done && event.detail < 2) clicked(done);
  }

  function cancel() {
    const done = drag;
    drag = null;
    if (done) unpaint(done.graph);
    return done;
  }

  /** @param {Graph} graph */
  const unpaint = (graph) => metrics.graphs.readerOf(graph)?.querySelector(".cross-range")?.remove();

  /** @param {Graph} graph */
  function box(graph) {
    const reader = metrics.graphs.readerOf(graph);
    const found =
      /** @type {HTMLElement} */ (reader.querySelector(".cross-range")) ?? metrics.dom.made("div", "cross-range");
    if (!found.parentElement) reader.append(found);
    return found;
  }

  /** @param {Chosen} present */
  function paint({ graph, from, to, alone }) {
    const { xaxis, yaxis } = graph._fullLayout;
    const [left, right] = [Math.min(from, to), Math.max(from, to)];
    const place = { left: left + xaxis._offset, width: right - left, top: yaxis._offset, height: yaxis._length };
    const element = box(graph);
    for (const [name, value] of Object.entries(place)) element.style.setProperty(name, `${value}px`);
    element.toggleAttribute("data-alone", alone);
  }

  /**
   * The whole buckets that were dragged over, as moments, within what the chart shows.
   * @param {GraphMeta} meta
   * @param {number} one
   * @param {number} other
   */
  function stretch(meta, one, other) {
    const grid = metrics.grid.of(meta);
    const first = grid.within(Math.min(one, other));
    const last = grid.within(Math.max(one, other));
    return {
      start: Math.max(grid.edge(first), meta.start),
      end: Math.min(grid.edge(last + 1), Math.max(meta.end, grid.edge(last))),
    };
  }

  /** @param {Chosen} done */
  function choose({ graph, from, to, alone }) {
    const { momentAt } = metrics.pointer;
    const { start, end } = stretch(graph._fullLayout.meta, momentAt(graph, from), momentAt(graph, to));
    if (!(start < end)) return;
    if (alone) return metrics.zoom.to(graph, start, end);
    metrics.crosshair.hide();
    metrics.url.go(metrics.range.between(start, end));
  }

  /** @param {Drag} done - a second click makes of the first nothing */
  function clicked({ graph, moment }) {
    clearTimeout(click);
    const index = metrics.grid.nearest(graph._fullLayout.meta, moment);
    click = window.setTimeout(() => metrics.crosshair.choose(graph, index), DOUBLE_CLICK);
  }

  document.addEventListener("dblclick", (event) => {
    const spot = metrics.pointer.under(event);
    if (!spot) return;
    clearTimeout(click);
    if (metrics.zoom.isZoomed(spot.graph)) metrics.zoom.reset(spot.graph);
    else metrics.range.step("out");
  });

  document.addEventListener("pointerdown", start);
  document.addEventListener("pointermove", move, { passive: true });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") cancel();
  });
  /* Text is not selected by dragging over a chart, and Plotly begins nothing. */
  document.addEventListener(
    "mousedown",
    (event) => {
      if (event.button !== 0 || !metrics.pointer.under(event)) return;
      event.preventDefault();
      event.stopPropagation();
    },
    true,
  );

  const selection = { paint, unpaint, choose, stretch };
  metrics.selection = selection;
  if (typeof module === "object") module.exports = selection;
})(globalThis.metrics);
