/* Links to what is on the screen: one that follows now, one that keeps this very range. */
(function (metrics) {
  /* How a screen behaves says nothing about what it shows. */
  const UNATTENDED = { refresh: "", kiosk: "", rotate: "" };

  /* The range as it goes on, or as it is now. A fixed range that is to follow now keeps its length. */
  function range(time) {
    const answer = metrics.answer;
    if (time === "absolute") {
      return { range: "", from: metrics.time.iso(answer.start), to: metrics.time.iso(answer.end) };
    }
    if (!answer.live) return { range: answer.about.length, from: "", to: "" };
    const from = metrics.url.get("from");
    return from ? { range: "", from, to: "now" } : { range: metrics.url.get("range"), from: "", to: "" };
  }

  /* Everything else is made plain, so that whoever follows the link sees the same: tab, zone, theme. */
  function changes(time, theme) {
    const answer = metrics.answer;
    return { ...UNATTENDED, ...range(time), tab: answer.tab, tz: answer.zone, theme };
  }

  /* "relative" or "absolute", and a theme → the whole address */
  function link(time, theme) {
    return location.origin + location.pathname + metrics.url.search(changes(time, theme));
  }

  /* The address of the table: of one chart, or of the tab. Its buckets are those of the picture. */
  function table(chart) {
    const query = { ...changes("absolute", ""), res: metrics.answer.resolution };
    const path = chart ? `chart/${chart}.csv` : `export/${metrics.answer.tab}.csv`;
    return metrics.page.base + path + metrics.url.search(query);
  }

  metrics.share = { link, table };
})(window.metrics);
