/* Plotly's graphs on the page, and what stands around them. */
((metrics) => {
  /**
   * The graph of the chart that an element stands in, if it is drawn.
   * @param {Element | null} element
   * @returns {Graph | null}
   */
  function of(element) {
    const graph = /** @type {Graph | null | undefined} */ (
      element?.closest?.(".chart")?.querySelector(".js-plotly-plot")
    );
    return graph?._fullLayout?.xaxis && graph._fullLayout.meta ? graph : null;
  }

  /** @returns {Graph[]} */
  const all = () => metrics.dom.all("#board .card .js-plotly-plot").flatMap((element) => of(element) ?? []);

  /**
   * Whether what is within an element stands, and every chart of it is drawn. Not every card has one.
   * @param {Element | null} element
   * @param {(graph: Element) => boolean} [matters] - which charts are asked about
   */
  function areDrawn(element, matters = () => true) {
    if (!element?.firstChild || element.querySelector(".skeleton")) return false;
    const asked = metrics.dom.all(".chart .graph", element).filter(matters);
    return asked.every((graph) => graph.querySelector(".xaxislayer-above"));
  }

  /**
   * @param {string} chart
   * @returns {Graph | null}
   */
  const drawing = (chart) => document.querySelector(`#card-${chart} .js-plotly-plot`);

  /**
   * The slider along a chart's buckets, on which the crosshair is drawn.
   * @param {Graph} graph
   */
  const readerOf = (graph) => /** @type {HTMLElement} */ (graph.closest(".chart")?.querySelector(".reader"));

  /** @param {Graph} graph */
  const idOf = (graph) => /** @type {Element} */ (graph.closest(".card")).id.slice("card-".length);

  /**
   * How long a chart's buckets are: its own step, which of bars may be longer than the tab's.
   * @param {string} chart
   */
  const stepOf = (chart) => drawing(chart)?._fullLayout?.meta?.step ?? metrics.answer?.step ?? "1m";

  /**
   * What a trace's series is called: its name in addresses, and the label that people read. The trace itself has no more
   * than a key (layouts/figure/labels.py).
   * @param {GraphMeta} meta
   * @param {Trace} trace
   * @returns {{ name: string, label: string, filter?: string }} filter: by its value, where it is one of a split
   */
  function seriesOf(meta, { legendgroup: key }) {
    const known = meta.series[key] ?? { name: "", label: "" };
    return meta.split?.values.includes(key) ? { ...known, filter: `${meta.split.by}:${known.name}` } : known;
  }

  const graphs = { of, all, areDrawn, stepOf, drawing, readerOf, idOf, seriesOf };
  metrics.graphs = graphs;
  if (typeof module === "object") module.exports = graphs;
})(globalThis.metrics);
