/* Dragging on a chart: over a stretch of time for the whole tab, with Shift for this chart alone. A click shows the
 * events behind a point; a double click goes back out.
 *
 * Plotly's own dragging is off (layouts/figures.py), so that it never zooms what the address doesn't say. A chart's own
 * zoom is a range of its x axis: refreshes leave it, and a new range of the tab ends it. */
(function (metrics) {
  const LEAST_DRAG = 6;
  const DOUBLE_CLICK = 260;
  let drag = null;
  let click = null;

  const { crosshair } = metrics;

  function start(event) {
    if (event.button !== 0 || event.pointerType === "touch") return;
    const spot = crosshair.under(event);
    if (spot) drag = { ...spot, from: spot.x, to: spot.x, x: event.clientX, alone: event.shiftKey, moved: false };
  }

  function move(event) {
    if (drag === null) return;
    drag.moved = drag.moved || Math.abs(event.clientX - drag.x) >= LEAST_DRAG;
    const { xaxis } = drag.graph._fullLayout;
    drag.to = Math.max(0, Math.min(xaxis._length, drag.from + event.clientX - drag.x));
    if (drag.moved) paint();
  }

  function end(event) {
    if (drag === null) return;
    const done = drag;
    drag = null;
    box(done.graph).remove();
    if (done.moved) choose(done);
    else if (event.detail < 2) clicked(done);
  }

  function cancel() {
    if (drag === null) return;
    box(drag.graph).remove();
    drag = null;
  }

  function box(graph) {
    const reader = graph.closest(".chart").querySelector(".reader");
    let found = reader.querySelector(".cross-range");
    if (!found) {
      found = document.createElement("div");
      found.className = "cross-range";
      reader.append(found);
    }
    return found;
  }

  function paint() {
    const { xaxis, yaxis } = drag.graph._fullLayout;
    const [left, right] = [Math.min(drag.from, drag.to), Math.max(drag.from, drag.to)];
    const style = { left: left + xaxis._offset, width: right - left, top: yaxis._offset, height: yaxis._length };
    const element = box(drag.graph);
    for (const [name, value] of Object.entries(style)) element.style[name] = `${value}px`;
    element.toggleAttribute("data-alone", drag.alone);
  }

  /* The whole buckets that were dragged over, as moments. */
  function stretch({ graph, from, to }) {
    const { xaxis, meta } = graph._fullLayout;
    const grid = crosshair.gridOf(graph);
    const moment = (x) => xaxis.p2c(x) - grid.offset;
    const first = grid.within(moment(Math.min(from, to)));
    const last = grid.within(moment(Math.max(from, to)));
    return { start: Math.max(grid.edge(first), meta.start), end: Math.min(grid.edge(last + 1), Math.max(meta.end, grid.edge(last))) };
  }

  function choose(done) {
    const { start, end } = stretch(done);
    if (!(start < end)) return;
    if (!done.alone) {
      crosshair.hide();
      return metrics.url.go({ range: "", from: metrics.time.iso(start), to: metrics.time.iso(end) });
    }
    const text = (moment) => new Date(moment + crosshair.gridOf(done.graph).offset).toISOString().replace("T", " ").replace("Z", "");
    zoom(done.graph, { "xaxis.range[0]": text(start), "xaxis.range[1]": text(end) });
  }

  /* A chart's own zoom */

  const zoomed = (graph) => graph._fullLayout.xaxis.autorange === false;

  function zoom(graph, change) {
    return window.Plotly.relayout(graph, change).then(mark);
  }

  const reset = (graph) => zoom(graph, { "xaxis.autorange": true });

  function mark() {
    for (const graph of crosshair.graphs()) {
      const button = document.querySelector(`[data-zoom-reset="${crosshair.idOf(graph)}"]`);
      if (button) button.hidden = !zoomed(graph);
    }
  }

  /* Clicks: a second one makes of the first nothing */

  function clicked(done) {
    clearTimeout(click);
    const index = crosshair.nearest(done.graph, done.moment);
    const start = crosshair.gridOf(done.graph).edge(index);
    const reader = done.graph.closest(".chart").querySelector(".reader");
    click = setTimeout(() => metrics.details.events(crosshair.idOf(done.graph), start, reader), DOUBLE_CLICK);
  }

  document.addEventListener("dblclick", (event) => {
    const spot = crosshair.under(event);
    if (!spot) return;
    clearTimeout(click);
    if (zoomed(spot.graph)) reset(spot.graph);
    else if (metrics.answer) metrics.url.go(metrics.answer.steps.out);
  });

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom-reset]");
    const graph = button && crosshair.graphOf(document.querySelector(`#card-${button.dataset.zoomReset} .graph`));
    if (!graph) return;
    reset(graph);
    graph.closest(".chart").querySelector(".reader").focus();
  });

  document.addEventListener("pointerdown", start);
  document.addEventListener("pointermove", move, { passive: true });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", cancel);
  document.addEventListener("keydown", (event) => event.key === "Escape" && cancel());
  /* Text is not selected by dragging over a chart, and Plotly begins nothing. */
  document.addEventListener("mousedown", (event) => {
    if (event.button !== 0 || !crosshair.under(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("metrics:drawn", mark);
})(window.metrics);
