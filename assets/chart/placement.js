/* Where the parts of a crosshair go, in px of the chart. */
((metrics) => {
  const GAP = 10;
  const EDGE = 1;

  /**
   * @param {number} x
   * @param {Axis} axis
   */
  const isInside = (x, axis) => x >= axis._offset - EDGE && x <= axis._offset + axis._length + EDGE;

  /**
   * The left edge of something that stands in the middle over x, and not past the edges of its room.
   * @param {number} x
   * @param {number} width
   * @param {number} room
   */
  const centred = (x, width, room) => Math.max(width / 2, Math.min(room - width / 2, x)) - width / 2;

  /**
   * Where a box goes that says what there is at x: beside it on the side that has more room, else on the other; where it
   * fits on neither, over it where no point is. Always within its room.
   * @param {{ x: number, reach: number, ys: number[] }} spot - reach: how far what is described goes to both sides
   * @param {{ width: number, height: number }} size
   * @param {{ width: number, top: number, bottom: number }} room
   */
  function beside({ x, reach, ys }, { width, height }, room) {
    const [left, right] = [x - reach - GAP - width, x + reach + GAP];
    const fits = (/** @type {number} */ place) => place >= 0 && place + width <= room.width;
    const found = (x > room.width / 2 ? [left, right] : [right, left]).find(fits);
    if (found !== undefined) return { x: found, y: room.top };
    const within = Math.max(0, Math.min(room.width - width, x - width / 2));
    return { x: within, y: clear(ys, height, room) };
  }

  /**
   * Whether a box stands beside x, on either side of what is described there.
   * @param {{ x: number, reach: number }} spot
   * @param {number} width
   * @param {number} room - across
   */
  const hasSide = ({ x, reach }, width, room) => Math.max(x, room - x) - reach - GAP >= width;

  /**
   * Which of some lines are kept where not all have room: those with the largest values, in the order in which they stand.
   * @param {(number | null)[]} values - of lines; Infinity stays longest
   * @param {number[]} heights
   * @param {number} room
   * @param {number} more - how high the line is that says how many are left out
   * @returns {number[]} - their places
   */
  function kept(values, heights, room, more) {
    const all = values.map((_, place) => place);
    const sum = (/** @type {number[]} */ places) => places.reduce((height, place) => height + heights[place], 0);
    if (sum(all) <= room) return all;
    const size = (/** @type {number} */ place) => values[place] ?? -Infinity;
    const bySize = all.sort((one, other) => (size(one) === size(other) ? one - other : size(other) - size(one)));
    /** @type {number[]} */
    const found = [];
    for (const place of bySize) {
      if (sum([...found, place]) + more > room) break;
      found.push(place);
    }
    return found.sort((one, other) => one - other);
  }

  /**
   * The upper edge at which something of that height is furthest from all points: above, below, or between them.
   * @param {number[]} ys
   * @param {number} height
   * @param {{ top: number, bottom: number }} room
   */
  function clear(ys, height, { top, bottom }) {
    const edges = [top - height, ...[...ys].sort((one, other) => one - other), bottom + height];
    const middles = edges.slice(1).map((edge, place) => (edges[place] + edge - height) / 2);
    const places = [top, bottom - height, ...middles].filter((place) => place >= top && place + height <= bottom);
    const free = (/** @type {number} */ place) => Math.min(...ys.map((y) => Math.abs(y - place - height / 2)));
    return places.length && ys.length ? places.reduce((one, other) => (free(other) > free(one) ? other : one)) : top;
  }

  /**
   * Values that have a place on the chart: none of a stack, whose edges say it, and no zero on a logarithmic axis.
   * @param {Row[]} rows
   * @param {boolean} stacked
   * @param {string} scale
   */
  const dotted = (rows, stacked, scale) =>
    stacked ? [] : rows.filter(({ value }) => value !== null && (scale !== "log" || value > 0));

  const placement = { isInside, centred, beside, hasSide, kept, clear, dotted };
  metrics.placement = placement;
  if (typeof module === "object") module.exports = placement;
})(globalThis.metrics);
