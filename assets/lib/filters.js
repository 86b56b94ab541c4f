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

  /** All that hold, as they are spelled. @param {Pick<Address, "getAll">} address */
  const all = (address) => [...new Set(address.getAll("filter").filter(Boolean))];

  /** @param {string} spelled */
  const dimensionOf = (spelled) => spelled.replace(/^!/, "").split(":", 1)[0];

  /**
   * What holds with another filter: beside those of other dimensions. One value of its own takes the place of what held
   * there; what is left out there adds to others that are.
   * @param {string[]} present
   * @param {string} spelled
   */
  function beside(present, spelled) {
    const adds = (/** @type {string} */ one) => spelled.startsWith("!") && one.startsWith("!") && one !== spelled;
    return [...present.filter((one) => dimensionOf(one) !== dimensionOf(spelled) || adds(one)), spelled];
  }

  /**
   * A link to the whole tab through a filter (page/filter.js follows it).
   * @param {string} spelled
   * @param {string} text
   */
  function link(spelled, text) {
    const element = metrics.dom.made("a", "filter-link", text);
    element.dataset.filter = spelled;
    element.setAttribute("href", metrics.url.search({ filter: beside(all(metrics.url), spelled) }));
    element.title = `Whole tab: ${words(spelled)}`;
    return element;
  }

  const filters = { words, all, beside, link };
  metrics.filters = filters;
  if (typeof module === "object") module.exports = filters;
})(globalThis.metrics);
