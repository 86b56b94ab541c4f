/* Ranges used before: the last few, on this machine alone. */
((metrics) => {
  const KEPT = "metrics-ranges";
  const KEPT_AT_MOST = 5;
  const { local, listed } = metrics.storage;

  /**
   * @param {any} entry
   * @returns {entry is UsedRange}
   */
  const isRange = (entry) => typeof entry?.from === "string" && typeof entry?.to === "string";

  const all = () => listed(local.read(KEPT), isRange);

  /**
   * The newest first, each once, and no more than some.
   * @param {UsedRange[]} ranges
   * @param {UsedRange} used
   */
  function withNewest(ranges, { from, to }) {
    const others = ranges.filter((one) => one.from !== from || one.to !== to);
    return [{ from, to }, ...others].slice(0, KEPT_AT_MOST);
  }

  /** @param {UsedRange} used */
  const remember = (used) => local.write(KEPT, JSON.stringify(withNewest(all(), used)));

  const recent = { all, remember, withNewest, isRange };
  metrics.recent = recent;
  if (typeof module === "object") module.exports = recent;
})(globalThis.metrics);
