/* Tables on a wall: nobody scrolls there, so each shows as many whole rows as it has room for, and says how many more
 * there are. */
((metrics) => {
  const { dom } = metrics;

  /**
   * How many rows are shown, and how high that is (px).
   * @param {number} room
   * @param {{ rows: number, row: number, fixed: number, more: number }} sizes - how many there are, how high each is, what
   *   always stands there, and the line that says how many more there are
   */
  function fit(room, { rows, row, fixed, more }) {
    if (fixed + rows * row <= room) return { shown: rows, height: room };
    const shown = Math.max(0, Math.floor((room - fixed - more) / row));
    return { shown, height: fixed + shown * row + more };
  }

  /** @param {HTMLElement} place */
  function lay(place) {
    place.style.removeProperty("max-height");
    delete place.dataset.more;
    const rows = dom.all("tbody tr", place);
    const row = rows[0]?.getBoundingClientRect().height ?? 0;
    if (!metrics.url.isKiosk() || !row) return;
    const always = dom.all("thead, tfoot, .refused-foot", place);
    const fixed = always.reduce((height, part) => height + part.getBoundingClientRect().height, 0);
    const { shown, height } = fit(place.clientHeight, { rows: rows.length, row, fixed, more: row });
    if (shown === rows.length) return;
    place.dataset.more = `and ${rows.length - shown} more`;
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

  if (typeof module === "object") module.exports = { fit };
})(globalThis.metrics);
