/* Tables on a wall: nobody scrolls there, so each shows as many whole rows as it has room for, and says how many more
 * there are. */
((metrics) => {
  /* So many of the greatest values stand there before all others together do. */
  const FIRST = 3;
  const { dom } = metrics;

  /**
   * How many rows are shown, whether the foot is, and how high that is (px).
   * @param {number} room
   * @param {{ rows: number, row: number, head: number, foot: number }} sizes - how many there are, and how high each is,
   *   as the line is that says how many more there are; and what stands above and below them
   */
  function fit(room, { rows, row, head, foot }) {
    if (head + rows * row + foot <= room) return { shown: rows, hasFoot: foot > 0, height: room };
    const whole = (/** @type {number} */ fixed) => Math.max(0, Math.min(rows, Math.floor((room - fixed - row) / row)));
    const beside = whole(head + foot);
    const hasFoot = foot > 0 && beside >= Math.min(FIRST, rows);
    const shown = hasFoot ? beside : whole(head);
    return { shown, hasFoot, height: head + shown * row + (hasFoot ? foot : 0) + row };
  }

  /**
   * How much room a table needs for its first rows, and for what says that there are more.
   * @param {{ rows: number, row: number, head: number, foot: number }} sizes
   */
  const leastOf = ({ rows, row, head, foot }) =>
    head + Math.min(FIRST, rows) * row + (rows > FIRST || foot > 0 ? row : 0);

  /** @param {HTMLElement} place */
  function sizesOf(place) {
    const rows = dom.all("tbody tr", place);
    const heightOf = (/** @type {Element | null | undefined} */ part) => part?.getBoundingClientRect().height ?? 0;
    const row = heightOf(rows[0]);
    const foot = place.querySelector("tfoot tr") ? row : 0;
    return { rows: rows.length, row, head: heightOf(place.querySelector("thead")), foot };
  }

  /**
   * How high a table's place has to be (px); 0 where it has no rows.
   * @param {HTMLElement} place - of a table, in its card
   */
  function least(place) {
    const sizes = sizesOf(place);
    const { top, bottom } = getComputedStyle(place);
    return sizes.row ? leastOf(sizes) + (Number.parseFloat(top) || 0) + (Number.parseFloat(bottom) || 0) : 0;
  }

  /**
   * @param {number} more - values that are not shown
   * @param {string} foot - what all others are called, where they are not shown either
   */
  const moreText = (more, foot) =>
    ["and", more ? `${more} more` : "", more && foot ? "and" : "", foot].filter(Boolean).join(" ");

  /** @param {HTMLElement} place */
  function lay(place) {
    place.style.removeProperty("max-height");
    delete place.dataset.more;
    delete place.dataset.footless;
    const sizes = sizesOf(place);
    if (!metrics.url.isKiosk() || !sizes.row) return;
    const { shown, hasFoot, height } = fit(place.clientHeight, sizes);
    const lost = sizes.foot && !hasFoot ? (place.querySelector("tfoot bdi")?.textContent ?? "") : "";
    if (shown === sizes.rows && !lost) return;
    place.dataset.more = moreText(sizes.rows - shown, lost);
    place.toggleAttribute("data-footless", sizes.foot > 0 && !hasFoot);
    place.style.maxHeight = `${height}px`;
  }

  /** @param {ParentNode} [around] - which of them; all, where none is named */
  const layAll = (around = document) => {
    for (const place of dom.all("#board .ranking", around)) lay(place);
  };

  /* Whatever changes the room around a table: a page of other rows, a longer line beside its number. */
  const resized =
    typeof ResizeObserver === "undefined"
      ? null
      : new ResizeObserver((changes) => {
          for (const { target } of changes) layAll(target);
        });

  function watchAll() {
    for (const place of dom.all("#board .ranking")) if (place.parentElement) resized?.observe(place.parentElement);
    layAll();
  }

  /* Once the rows of an answer stand, and whenever there is another room for them. */
  metrics.events.on("answer", () => requestAnimationFrame(watchAll));
  metrics.events.on("paged", () => layAll());

  const listings = { least, fit, leastOf, moreText };
  metrics.listings = listings;
  if (typeof module === "object") module.exports = listings;
})(globalThis.metrics);
