/* What people do to a chart that the address remembers: its split, the scale; series.js has what is switched off. */
((metrics) => {
  /**
   * What the address says under a name about other charts: split=login-rate:success&split=logins:realm
   * @param {string} chart
   * @param {string} name
   */
  const othersThan = (chart, name) => metrics.url.getAll(name).filter((one) => !one.startsWith(`${chart}:`));

  /* Splits: split=login-rate:success; what the catalog declares is not said */

  /** @param {HTMLElement} link */
  const splitOf = (link) => /** @type {string} */ (link.dataset.split);

  /** @param {HTMLElement} link */
  const chartOf = (link) => splitOf(link).split(":")[0];

  metrics.links.add({
    selector: "[data-split]",
    changes(link) {
      const others = othersThan(chartOf(link), "split");
      return { split: link.dataset.declared ? others : [...others, splitOf(link)] };
    },
    holds(link, address) {
      const present = address.getAll("split").find((one) => one.startsWith(`${chartOf(link)}:`));
      return present === undefined ? Boolean(link.dataset.declared) : present === splitOf(link);
    },
  });

  /* Switches: data-switch="log" is log=1, or nothing */

  /** @param {HTMLElement} link */
  const switchOf = (link) => /** @type {string} */ (link.dataset.switch);

  /**
   * @param {HTMLElement} link
   * @param {Address} address
   */
  const isSwitched = (link, address) => address.get(switchOf(link)) === "1";

  metrics.links.add({
    selector: "[data-switch]",
    changes: (link) => ({ [switchOf(link)]: isSwitched(link, metrics.url.of(location.search)) ? "" : "1" }),
    holds: isSwitched,
  });

  metrics.events.on("marked", ({ drawn, asked }) => {
    const compare = drawn.get("compare");
    const label = metrics.dom.maybe("compare-label");
    if (label) label.textContent = compare ? `Compare: ${compare}` : "Compare";
    if (label) label.dataset.short = compare ? `vs ${compare}` : "Compare";
    const summary = document.querySelector("#compare > summary");
    metrics.links.light(summary, Boolean(compare), asked.get("compare") !== compare);
  });
})(window.metrics);
