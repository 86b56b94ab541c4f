/* Tabs, ranges and every other control with data-set="range=1h&from=", and what else of the page follows the address. */
((metrics) => {
  const { url, dom } = metrics;

  /** @param {HTMLElement} link */
  const changes = (link) => Object.fromEntries(new URLSearchParams(link.dataset.set));

  const isCustom = () => Boolean(url.get("from") || url.get("to"));

  metrics.links.add({
    selector: "[data-set]",
    changes,
    /* A preset doesn't hold while a range of one's own does, whatever the address still says about it. */
    holds: (link) => url.holds(changes(link)) && !(link.parentElement?.id === "ranges" && isCustom()),
  });

  metrics.events.on("marked", () => {
    const tab = metrics.page.tabs.find((one) => one.id === url.get("tab")) || metrics.page.tabs[0];
    dom.write(dom.maybe("title"), tab.title);
    document.title = `${tab.title} · Metrics`;
    document.querySelector("#custom-range > summary")?.toggleAttribute("data-on", isCustom());
  });

  for (const name of ["_dashprivate_pushstate", "popstate"]) {
    window.addEventListener(name, () => metrics.events.announce("address"));
  }
})(window.metrics);
