/* Filters over the tab as addresses spell them: filter=zone:north, or filter=!zone:north for all others. */
((metrics) => {
  /**
   * What a filter says to people. The value begins behind the first colon, and may hold anything.
   * @param {string} spelled
   */
  function words(spelled) {
    const without = spelled.startsWith("!");
    const pair = without ? spelled.slice(1) : spelled;
    const colon = pair.indexOf(":");
    return `${without ? "not " : ""}${pair.slice(0, colon)}: ${pair.slice(colon + 1) || "(empty)"}`;
  }

  /* The one that holds: the first, as the server has it. */
  /** @param {Pick<Address, "getAll">} address */
  const present = (address) => address.getAll("filter")[0] ?? "";

  /**
   * A link to the whole tab through a filter (page/filter.js follows it).
   * @param {string} spelled
   * @param {string} text
   */
  function link(spelled, text) {
    const element = metrics.dom.made("a", "filter-link", text);
    element.dataset.filter = spelled;
    element.setAttribute("href", metrics.url.search({ filter: spelled }));
    element.title = `Whole tab: ${words(spelled)}`;
    return element;
  }

  const filters = { words, present, link };
  metrics.filters = filters;
  if (typeof module === "object") module.exports = filters;
})(globalThis.metrics);
