/* A chart's own zoom: a range of its x axis. Refreshes leave it, and a new range of the tab ends it. */
((metrics) => {
  /** @param {Graph} graph */
  const isZoomed = (graph) => graph._fullLayout.xaxis.autorange === false;

  /**
   * @param {Graph} graph
   * @param {Record<string, unknown>} change
   */
  const relayout = (graph, change) => window.Plotly.relayout(graph, change).then(mark);

  /** @param {number} place - on an axis → as Plotly takes it */
  const axisText = (place) => new Date(place).toISOString().replace("T", " ").replace("Z", "");

  /**
   * @param {Graph} graph
   * @param {number} start - epoch ms
   * @param {number} end
   */
  function to(graph, start, end) {
    const { offset } = graph._fullLayout.meta;
    /* Ticks that were spelled out for the whole range would be too far apart. */
    relayout(graph, {
      "xaxis.range[0]": axisText(start + offset),
      "xaxis.range[1]": axisText(end + offset),
      "xaxis.tickmode": "auto",
    });
  }

  /** @param {Graph} graph */
  const reset = (graph) =>
    relayout(graph, {
      "xaxis.autorange": true,
      "xaxis.tickmode": graph.layout.xaxis?.tickvals ? "array" : "auto",
    });

  /* The button that ends a zoom stands where there is one. */
  function mark() {
    for (const graph of metrics.graphs.all()) {
      const button = metrics.dom.all(`[data-zoom-reset="${metrics.graphs.idOf(graph)}"]`)[0];
      if (button) button.hidden = !isZoomed(graph);
    }
  }

  document.addEventListener("click", (event) => {
    const button = metrics.dom.around(event, "[data-zoom-reset]");
    const graph = button && metrics.graphs.of(document.querySelector(`#card-${button.dataset.zoomReset} .graph`));
    if (!graph) return;
    reset(graph);
    metrics.graphs.readerOf(graph).focus();
  });

  metrics.events.on("drawn", mark);

  const zoom = { isZoomed, to, reset };
  metrics.zoom = zoom;
  if (typeof module === "object") module.exports = zoom;
})(globalThis.metrics);
