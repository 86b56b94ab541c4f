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
   * The left edge of something beside x, on the side that has more room.
   * @param {number} x
   * @param {() => number} width - asked for only where it matters, because the browser has to lay out to know it
   * @param {Axis} axis
   */
  const beside = (x, width, axis) => (x > axis._offset + axis._length / 2 ? x - width() - GAP : x + GAP);

  /**
   * Values that have a place on the chart: none of bars, whose ends say it, and no zero on a logarithmic axis.
   * @param {Row[]} rows
   * @param {string} draw
   * @param {string} scale
   */
  const dotted = (rows, draw, scale) =>
    draw === "bar" ? [] : rows.filter(({ value }) => value !== null && (scale !== "log" || value > 0));

  const placement = { isInside, centred, beside, dotted };
  metrics.placement = placement;
  if (typeof module === "object") module.exports = placement;
})(globalThis.metrics);
