/* Where on a chart the pointer is. */
((metrics) => {
  const { graphs, dom } = metrics;

  /**
   * The chart under the pointer and the moment there; null outside of the plot, over what can be clicked, and on a wall.
   * @param {MouseEvent} event
   * @returns {Spot | null}
   */
  function under(event) {
    if (document.documentElement.dataset.kiosk !== undefined) return null;
    const target = /** @type {Element} */ (event.target);
    if (dom.around(event, ".legend, .chart-state a, .notes, dialog")) return null;
    const graph = graphs.of(target);
    if (!graph) return null;
    const box = graph.getBoundingClientRect();
    return within(graph, event.clientX - box.left, event.clientY - box.top);
  }

  /**
   * The moment at a place of a chart; null outside of its plot.
   * @param {Graph} graph
   * @param {number} left - px of the graph
   * @param {number} top
   * @returns {Spot | null}
   */
  function within(graph, left, top) {
    if (graph.closest(".chart")?.querySelector(".chart-state .message")) return null;
    const { xaxis, yaxis } = graph._fullLayout;
    const x = left - xaxis._offset;
    const y = top - yaxis._offset;
    if (x < 0 || x > xaxis._length || y < 0 || y > yaxis._length) return null;
    return { graph, x, moment: momentAt(graph, x) };
  }

  /**
   * How far along a chart's plot the pointer is (px), also where it has left it.
   * @param {Graph} graph
   * @param {MouseEvent} event
   */
  function along(graph, event) {
    const { xaxis } = graph._fullLayout;
    const x = event.clientX - graph.getBoundingClientRect().left - xaxis._offset;
    return Math.max(0, Math.min(xaxis._length, x));
  }

  /**
   * @param {Graph} graph
   * @param {number} x - px of the plot
   */
  function momentAt(graph, x) {
    const { xaxis, meta } = graph._fullLayout;
    return xaxis.p2c(x) - meta.offset;
  }

  const pointer = { under, within, along, momentAt };
  metrics.pointer = pointer;
  if (typeof module === "object") module.exports = pointer;
})(globalThis.metrics);
