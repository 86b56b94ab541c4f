/* Buckets of a chart: its layout's grid (layouts/figure/axes.py), in moments (epoch ms) and in places of its axis. */
((metrics) => {
  /** @param {GraphMeta} meta */
  function of({ grid, offset }) {
    const { edges } = grid;
    const count = edges ? edges.length - 1 : grid.count;
    const edge = (/** @type {number} */ index) => (edges ? edges[index] : grid.first + index * grid.step);
    const holding = (/** @type {number} */ moment) => {
      if (!edges) return Math.floor((moment - grid.first) / grid.step);
      const after = edges.findIndex((one) => one > moment);
      return (after < 0 ? edges.length : after) - 1;
    };
    const within = (/** @type {number} */ moment) => Math.max(0, Math.min(count - 1, holding(moment)));
    return { count, edge, offset, within };
  }

  /**
   * Whether what is drawn fills its buckets from side to side, and does not stand at their start.
   * @param {GraphMeta} meta
   */
  const fills = ({ draw }) => draw === "bar" || draw === "heatmap";

  /**
   * The bucket whose point is nearest. Lines have their points at the start of buckets, bars stand over them.
   * @param {GraphMeta} meta
   * @param {number} moment
   */
  function nearest(meta, moment) {
    const grid = of(meta);
    const index = grid.within(moment);
    if (fills(meta) || index + 1 >= grid.count) return index;
    return moment - grid.edge(index) > grid.edge(index + 1) - moment ? index + 1 : index;
  }

  /**
   * Where on the axis a bucket is drawn.
   * @param {GraphMeta} meta
   * @param {number} index
   */
  function place(meta, index) {
    const grid = of(meta);
    const half = fills(meta) ? (grid.edge(index + 1) - grid.edge(index)) / 2 : 0;
    return grid.edge(index) + half + grid.offset;
  }

  const grid = { of, nearest, place, fills };
  metrics.grid = grid;
  if (typeof module === "object") module.exports = grid;
})(globalThis.metrics);
