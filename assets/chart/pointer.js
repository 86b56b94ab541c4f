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
    if (!graph || graph.closest(".chart")?.querySelector(".chart-state .message")) return null;
    const { xaxis, yaxis, meta } = graph._fullLayout;
    const box = graph.getBoundingClientRect();
    const x = event.clientX - box.left - xaxis._offset;
    const y = event.clientY - box.top - yaxis._offset;
    if (x < 0 || x > xaxis._length || y < 0 || y > yaxis._length) return null;
    return { graph, x, moment: xaxis.p2c(x) - meta.offset };
  }

  const pointer = { under };
  metrics.pointer = pointer;
  if (typeof module === "object") module.exports = pointer;
})(globalThis.metrics);
