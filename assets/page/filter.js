/* The filter over the tab: said above the charts, and set by links with data-filter="zone:north". */
((metrics) => {
  const { filters } = metrics;

  /** @param {HTMLElement} link */
  const filterOf = (link) => link.dataset.filter ?? "";

  metrics.links.add({
    selector: "[data-filter]",
    changes: (link) => ({ filter: filterOf(link) }),
    holds: (link, address) => filters.present(address) === filterOf(link),
  });

  metrics.events.on("marked", ({ drawn }) => {
    const chip = metrics.dom.maybe("filter");
    if (!chip) return;
    const spelled = filters.present(drawn);
    chip.hidden = !spelled;
    metrics.dom.write(metrics.dom.find("filter-text"), spelled && filters.words(spelled));
  });
})(window.metrics);
