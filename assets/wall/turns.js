/* In which order a wall shows what there is: the pages of a tab, of each value of the dimension that it rotates by the
 * same, and then the next tab. */
((metrics) => {
  /* Where a wall is now. */
  function present() {
    const { url, page, pages } = metrics;
    const known = page.tabs.some(({ id }) => id === url.get("tab"));
    return { tab: known ? url.get("tab") : page.tabs[0].id, value: rotation()?.value ?? "", page: pages.present() };
  }

  const rotation = () => metrics.answer?.rotation ?? null;

  /* All of a tab first, then value by value. */
  const values = () => ["", ...(rotation()?.values ?? [])];

  /**
   * What lies one step on, or one back. Where nothing else is shown than what is there, it is that.
   * @param {number} step
   * @param {boolean} stays - in the tab
   * @returns {Place}
   */
  function neighbour(step, stays) {
    const { tab, value, page } = present();
    const of = values();
    const beside = page + step;
    if (beside >= 0 && beside < metrics.pages.count()) return { tab, value, page: beside };
    const first = step > 0 ? 0 : -1;
    const at = of.indexOf(value) + step;
    if (of.includes(value) && at >= 0 && at < of.length) return { tab, value: of[at], page: first };
    if (stays) return { tab, value: of[step > 0 ? 0 : of.length - 1], page: first };
    const { tabs } = metrics.page;
    const place = tabs.findIndex(({ id }) => id === tab);
    return { tab: tabs[(place + step + tabs.length) % tabs.length].id, value: "", page: first };
  }

  /**
   * Whether it is what stands there already.
   * @param {Place} other
   */
  function isHere(other) {
    const { tab, value, page } = present();
    const last = metrics.pages.count() - 1;
    return other.tab === tab && other.value === value && (other.page < 0 ? last : other.page) === page;
  }

  /**
   * What a place is called from here.
   * @param {Place} other
   */
  function nameOf({ tab, value, page }) {
    const here = present();
    if (tab === here.tab && value === here.value) return `page ${page + 1} of ${metrics.pages.count()}`;
    if (value !== "") return valueText(value);
    return metrics.page.tabs.find(({ id }) => id === tab)?.title ?? "";
  }

  /** @param {string} value */
  const valueText = (value) => `${rotation()?.by}: ${value}`;

  /* Of a tab, which part of it stands there: the value, and the page where there are several. */
  function part() {
    const { value, page } = present();
    const count = metrics.pages.count();
    return [value && valueText(value), count > 1 && `${page + 1} / ${count}`].filter(Boolean).join(" · ");
  }

  const turns = { present, neighbour, isHere, nameOf, part };
  metrics.turns = turns;
  if (typeof module === "object") module.exports = turns;
})(globalThis.metrics);
