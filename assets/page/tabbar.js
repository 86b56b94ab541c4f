/* More tabs than fit: as many of the first as there is room for, the chosen one among them. The rest are in a menu beside
 * them, and all of them in the sidebar. */
((metrics) => {
  const { dom } = metrics;

  /**
   * The places of those that stay in the row.
   * @param {number[]} widths
   * @param {number} gap
   * @param {number} room
   * @param {number} menu - what its button takes, where there is one
   * @param {number} chosen
   */
  function fitting(widths, gap, room, menu, chosen) {
    let kept = widths.map((_, place) => place);
    const taken = () => kept.reduce((sum, place) => sum + widths[place] + gap, -gap);
    if (taken() <= room) return kept;
    while (kept.length > 1 && taken() + gap + menu > room) {
      const last = Math.max(...kept.filter((place) => place !== chosen));
      kept = kept.filter((place) => place !== last);
    }
    return kept;
  }

  /** @param {Element} row */
  const gapOf = (row) => Number.parseFloat(getComputedStyle(row).columnGap) || 0;

  /* In which looks the row has room for all tabs, whichever is chosen. */
  let roomy = "";

  function lay() {
    const [row, menu] = [dom.maybe("tabs"), dom.maybe("more-tabs")];
    if (!row || !menu?.parentElement || menu.hasAttribute("open")) return;
    const links = dom.all("#tabs > a");
    for (const link of links) link.hidden = false;
    menu.hidden = false;
    const widths = links.map((link) => link.offsetWidth);
    const [gap, before] = [row, menu.parentElement].map(gapOf);
    const chosen = links.findIndex((link) => link.hasAttribute("aria-current"));
    const kept = fitting(widths, gap, menu.parentElement.clientWidth, before - gap + menu.offsetWidth, chosen);
    links.forEach((link, place) => {
      link.hidden = !kept.includes(place);
    });
    dom.all("#more-tabs .options a").forEach((link, place) => {
      link.hidden = kept.includes(place);
    });
    const all = kept.length === links.length;
    roomy = all ? looks() : "";
    menu.hidden = all;
    const count = dom.maybe("more-tabs-count");
    if (count) dom.write(count, `${links.length - kept.length} more`);
    const side = dom.maybe("side-tabs");
    if (side) side.hidden = all;
  }

  const looks = () => `kiosk ${metrics.url.isKiosk()}`;

  /* To measure the tabs, all are shown: the browser lays out the page twice. Where all fit, only another width or other
     looks change that. */
  function layAgain() {
    if (roomy !== looks()) lay();
  }

  metrics.events.on("marked", layAgain);
  window.addEventListener("resize", lay);
  const bar = dom.maybe("more-tabs")?.parentElement;
  if (bar) new ResizeObserver(lay).observe(bar);

  const tabbar = { fitting };
  metrics.tabbar = tabbar;
  if (typeof module === "object") module.exports = tabbar;
})(globalThis.metrics);
