/* Links to what is on the screen: one that follows now, one that keeps this very range. */
((metrics) => {
  /* How a screen behaves says nothing about what it shows. */
  const UNATTENDED = { refresh: "", kiosk: "", rotate: "", rotate_by: "", value: "" };

  const REPEATED = new Set(["split", "hidden", "filter"]);

  const answer = () => /** @type {Answer} */ (metrics.answer);

  /** @param {Changes} laid - over what the picture is of */
  const query = (laid) => metrics.url.laidOver(metrics.shown.address(), laid);

  /** @param {string} time - "relative": the range as it goes on, "absolute": as it is now */
  function range(time) {
    const { start, end, live, about } = answer();
    if (time === "absolute") return metrics.range.between(start, end);
    /* A fixed range that is to follow now keeps its length. */
    if (!live) return { range: about.length, from: "", to: "" };
    const drawn = metrics.url.of(metrics.shown.address());
    const from = drawn.get("from");
    return from ? { range: "", from, to: "now" } : { range: drawn.get("range"), from: "", to: "" };
  }

  /**
   * Everything else is made plain, so that whoever follows the link sees the same: tab, zone, theme.
   * @param {string} time
   * @param {string} theme
   */
  const changes = (time, theme) => ({ ...UNATTENDED, ...range(time), tab: answer().tab, tz: answer().zone, theme });

  /**
   * The whole address.
   * @param {string} time - "relative" or "absolute"
   * @param {string} theme
   */
  const link = (time, theme) => location.origin + location.pathname + query(changes(time, theme));

  /**
   * The address of the table: of one chart, or of the tab. Its buckets are those of the picture. What the page's address
   * says beside that, as what some programs add to links, is no part of it: the table's would refuse it.
   * @param {string} [chart]
   */
  function table(chart) {
    const laid = { ...changes("absolute", ""), res: chart ? metrics.graphs.stepOf(chart) : answer().step };
    const path = chart ? `chart/${chart}.csv` : `export/${answer().tab}.csv`;
    const said = new URLSearchParams(query(laid));
    const plain = metrics.page.parameters.map((name) => [name, said.getAll(name).slice(REPEATED.has(name) ? 0 : -1)]);
    return metrics.page.base + path + metrics.url.laidOver("", Object.fromEntries(plain));
  }

  const share = { link, table };
  metrics.share = share;
  if (typeof module === "object") module.exports = share;
})(globalThis.metrics);
