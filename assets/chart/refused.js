/* The foot of a card: how many of its chart's own events were refused, and why. */
((metrics) => {
  metrics.events.on("figure", ({ graph, figure }) => {
    const foot = /** @type {HTMLElement | null | undefined} */ (graph.closest(".card")?.querySelector(".refused-foot"));
    if (!foot) return;
    const text = figure.layout.meta.refusedInAll;
    metrics.dom.write(foot, text);
    foot.hidden = !text;
  });
})(window.metrics);
