/* The filters over the tab: said above the charts, each with its way out; set by links with data-filter="zone:north". */
((metrics) => {
  const { dom, filters } = metrics;

  /** @param {HTMLElement} link */
  const filterOf = (link) => link.dataset.filter ?? "";

  metrics.links.add({
    selector: "[data-filter]",
    changes: (link) => ({ filter: filters.beside(filters.all(metrics.url), filterOf(link)) }),
    holds: (link, address) => filters.all(address).includes(filterOf(link)),
  });

  /** @param {HTMLElement} link */
  const without = (link) => ({ filter: filters.all(metrics.url).filter((one) => one !== link.dataset.unfilter) });

  metrics.links.add({ selector: "[data-unfilter]", changes: without, holds: () => false });

  /** @param {string} spelled */
  function chip(spelled) {
    const clear = dom.made("a", "clear");
    clear.dataset.unfilter = spelled;
    clear.setAttribute("href", metrics.url.search(without(clear)));
    clear.title = "Clear this filter";
    clear.setAttribute("aria-label", `Clear the filter ${filters.words(spelled)}`);
    clear.append(dom.made("span", "", "×"));
    const text = dom.made("span", "filter-text", filters.words(spelled));
    text.title = filters.words(spelled);
    const made = dom.made("span", "chip");
    made.append(text, clear);
    return made;
  }

  metrics.events.on("marked", ({ drawn }) => {
    const place = dom.maybe("filter");
    if (!place) return;
    const spelled = filters.all(drawn);
    const list = dom.find("filter-list");
    const shown = dom.all("[data-unfilter]", list).map((link) => link.dataset.unfilter);
    if (spelled.join("\n") !== shown.join("\n")) list.replaceChildren(...spelled.map(chip));
    place.hidden = !spelled.length;
  });
})(window.metrics);
