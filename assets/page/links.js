/* Tabs, ranges and every other control with data-set="range=1h&from=", and what else of the page follows the address. */
((metrics) => {
  const { dom } = metrics;

  /* What links change, by how they say it: all of them are looked at with every answer. */
  /** @type {Map<string, Readonly<Record<string, string>>>} */
  const known = new Map();

  /** @param {HTMLElement} link */
  function changes(link) {
    const spelled = link.dataset.set ?? "";
    const read = known.get(spelled) ?? Object.fromEntries(new URLSearchParams(spelled));
    /* Steps through time name moments, another each time. */
    if (known.size > 500) known.clear();
    known.set(spelled, read);
    return read;
  }

  /** @param {Address} address */
  const isOwn = (address) => Boolean(address.get("from") || address.get("to"));

  /** Whether no preset names it. @param {Address} address */
  const isCustom = (address) =>
    isOwn(address) || !metrics.page.rangeKeys.some(({ range }) => range === address.get("range"));

  metrics.links.add({
    selector: "[data-set]",
    changes,
    /* A preset doesn't hold while a range of one's own does, whatever the address still says about it. */
    holds: (link, address) => address.holds(changes(link)) && !("range" in changes(link) && isOwn(address)),
  });

  metrics.events.on("marked", ({ drawn, asked }) => {
    const tab = metrics.page.tabs.find((one) => one.id === drawn.get("tab")) || metrics.page.tabs[0];
    dom.write(dom.maybe("title"), tab.title);
    const filters = metrics.filters.all(drawn).map(metrics.filters.words);
    document.title = [tab.title, ...filters, metrics.page.product].join(" · ");
    const pending = isCustom(asked) && ["range", "from", "to"].some((name) => asked.get(name) !== drawn.get(name));
    metrics.links.light(document.querySelector("#custom-range > summary"), isCustom(drawn), pending);
    nameRange(isCustom(drawn));
  });

  /** The range that is drawn, on the button; where there is room, a preset says so itself. @param {boolean} isNamed */
  function nameRange(isNamed) {
    const label = dom.maybe("custom-label");
    const name = metrics.answer?.rangeName;
    if (!label || !name) return;
    dom.write(label, name);
    label.title = name;
    label.toggleAttribute("data-preset", !isNamed);
  }

  for (const name of ["_dashprivate_pushstate", "popstate"]) {
    window.addEventListener(name, () => metrics.events.announce("address"));
  }
})(window.metrics);
