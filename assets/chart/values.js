/* What is drawn at a bucket, read off the traces (their meta: layouts/figure/figures.py). */
((metrics) => {
  /** @type {WeakMap<Trace, { starts: number[] | null, first: number, step: number }>} */
  const known = new WeakMap();

  /** @param {string | number} text */
  const onAxis = (text) => (typeof text === "number" ? text : Date.parse(`${text.replace(" ", "T")}Z`));

  /** @param {Trace} trace - where its points stand on the axis */
  function pointsOf(trace) {
    const found = known.get(trace);
    if (found) return found;
    const listed = trace.x?.length ? Array.from(trace.x, onAxis) : null;
    const points = { starts: listed, first: listed ? listed[0] : onAxis(trace.x0 ?? ""), step: trace.dx || 1 };
    known.set(trace, points);
    return points;
  }

  /**
   * @param {Trace} trace
   * @param {number} x
   * @param {ArrayLike<number | null>} [values] - the trace's own by default
   * @returns {number | null}
   */
  function valueAt(trace, x, values = trace.y) {
    const { starts, first, step } = pointsOf(trace);
    const index = starts ? starts.indexOf(x) : Math.round((x - first) / step);
    if (index < 0 || index >= values.length || (!starts && Math.abs(first + index * step - x) > 1)) return null;
    const value = values[index];
    return value === null || Number.isNaN(value) ? null : value;
  }

  /**
   * What a tick at the foot of a logarithmic axis stands for.
   * @param {Trace} trace
   * @param {number} x
   */
  const unseenAt = (trace, x) => (valueAt(trace, x) === null ? null : (valueAt(trace, x, trace.customdata ?? []) ?? 0));

  /** @param {Trace} trace */
  function colourOf(trace) {
    const colour = trace.type === "bar" || trace.mode === "markers" ? trace.marker?.color : trace.line?.color;
    const pattern = trace.marker?.pattern;
    return pattern?.shape ? pattern.fgcolor : colour;
  }

  /** What helps the drawing, and is no series. */
  const HELPS = new Set(["anchor", "cells", "fill"]);

  /** @param {Trace} trace - whether it says something: it is switched on, and no help for the drawing */
  const isRead = (trace) => trace.visible === true && Boolean(trace.meta) && !HELPS.has(trace.meta ?? "");

  /**
   * What a chart reads at a bucket: a row for each visible series, then for what it is compared with.
   * @param {Graph} graph
   * @param {number} index
   * @returns {Row[]}
   */
  function rowsOf(graph, index) {
    const { meta } = graph._fullLayout;
    const { edge, offset } = metrics.grid.of(meta);
    const shown = graph._fullData.filter(isRead);
    /** @type {Map<string, Row>} */
    const rows = new Map();
    for (const trace of shown.filter((one) => one.meta !== "before")) {
      const x = edge(index) + offset;
      const value = trace.meta === "zero" ? unseenAt(trace, x) : valueAt(trace, x);
      const { label } = metrics.graphs.seriesOf(meta, trace);
      rows.set(trace.legendgroup, added(rows.get(trace.legendgroup), trace, label, value));
    }
    const before = shown.filter((one) => one.meta === "before");
    const sign = meta.doubt?.at.includes(index) ? { sign: meta.doubt.sign } : {};
    return [
      ...[...rows.values()].map((row) => ({ ...row, ...sign })),
      ...before.map((trace) =>
        earlier(trace, metrics.graphs.seriesOf(meta, trace).label, valueAt(trace, metrics.grid.place(meta, index))),
      ),
    ];
  }

  /**
   * A series may be drawn by several traces: its value, its zeros on a logarithmic axis, the edges of its band.
   * @param {Row | undefined} present
   * @param {Trace} trace
   * @param {string} name
   * @param {number | null} value
   * @returns {Row}
   */
  function added(present, trace, name, value) {
    const row = present ?? { name, group: trace.legendgroup, value: null, colour: undefined };
    const colour = row.colour || colourOf(trace);
    if (trace.meta === "zero") return { ...row, colour, value: value ?? row.value };
    if (trace.meta !== "value") return { ...row, colour, [trace.meta ?? ""]: value };
    return { ...row, colour, value: row.value === null ? value : row.value };
  }

  /**
   * @param {Trace} trace
   * @param {string} name
   * @param {number | null} value
   * @returns {Row}
   */
  const earlier = (trace, name, value) => ({
    name,
    group: trace.legendgroup,
    colour: trace.line?.color,
    before: true,
    value,
  });

  const values = { valueAt, rowsOf };
  metrics.values = values;
  if (typeof module === "object") module.exports = values;
})(globalThis.metrics);
