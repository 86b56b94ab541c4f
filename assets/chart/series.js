/* A chart's series as switches in its menu: what a click on the legend does, for keys and for screen readers. */
((metrics) => {
  /**
   * A chart's series: each with the places of its traces, and whether it is switched off.
   * @param {Trace[]} traces
   * @param {GraphMeta} meta
   * @returns {SeriesGroup[]}
   */
  function groups(traces, meta) {
    /** @type {Map<string, SeriesGroup>} */
    const found = new Map();
    traces.forEach((trace, place) => {
      if (!trace.legendgroup || trace.meta === "anchor") return;
      const { label } = metrics.graphs.seriesOf(meta, trace);
      const group = found.get(trace.legendgroup) || { name: label, places: [], off: false };
      group.places.push(place);
      if (trace.showlegend) group.off = trace.visible === "legendonly";
      found.set(trace.legendgroup, group);
    });
    return [...found.values()];
  }

  /**
   * @param {Graph} graph
   * @param {SeriesGroup} group
   */
  function switchOf(graph, group) {
    const button = metrics.dom.made("button", "", group.name);
    button.type = "button";
    button.setAttribute("aria-pressed", String(!group.off));
    button.addEventListener("click", () => {
      group.off = !group.off;
      button.setAttribute("aria-pressed", String(!group.off));
      window.Plotly.restyle(graph, { visible: group.off ? "legendonly" : true }, group.places);
    });
    return button;
  }

  /** @param {HTMLElement} list */
  function fill(list) {
    const graph = metrics.graphs.drawing(list.dataset.series ?? "");
    const found = graph?._fullLayout ? groups(graph._fullData, graph._fullLayout.meta) : [];
    list.hidden = found.length < 2;
    list.replaceChildren(...found.map((group) => switchOf(/** @type {Graph} */ (graph), group)));
  }

  /** @param {Event} event */
  function toggled({ target }) {
    const menu = /** @type {HTMLDetailsElement} */ (target);
    const list = menu.open && menu.querySelector ? menu.querySelector("[data-series]") : null;
    if (list) fill(/** @type {HTMLElement} */ (list));
  }

  document.addEventListener("toggle", toggled, true);

  if (typeof module === "object") module.exports = { groups };
})(globalThis.metrics);
