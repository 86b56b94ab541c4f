/* What a chart reads at a bucket, in words. */
((metrics) => {
  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
  const tenths = new Intl.NumberFormat("en-US", { maximumFractionDigits: 1 });
  const SCALES = /** @type {const} */ ([
    [1e18, "E"],
    [1e15, "P"],
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
  ]);

  /**
   * By the rule of the numbers above the charts (layouts/numbers.py): spelled out below a million, three digits of what
   * is no whole number.
   * @param {number | null | undefined} value
   */
  function number(value) {
    if (value === null || value === undefined) return "–";
    const size = Math.abs(value);
    const [scale, letter] = SCALES.find(([one]) => size >= one * 0.9995) ?? [1, ""];
    return (letter ? `${short.format(value / scale)}\u202f${letter}` : spelled(value, size)).replaceAll("-", "−");
  }

  /**
   * @param {number} value
   * @param {number} size
   */
  function spelled(value, size) {
    if (Number.isInteger(value) || size >= 1000) return whole.format(value);
    if (size < 1e-4) return value.toExponential(1).replace(".0e", "e");
    return (size >= 100 ? tenths : short).format(value);
  }

  /* What is less than this many of the chart's unit is said in a finer one, as above the chart (layouts/units.py). */
  const LEAST_READ = 0.1;

  /**
   * The unit in which a value of this size can be read, and how many of the chart's it is.
   * @param {number} size
   * @param {Units} units
   * @returns {[unit: string, of: number]}
   */
  function readable(size, { unit, zero, finer }) {
    const last = finer.at(-1);
    if (size === 0) return [zero, 1];
    if (!last || size >= LEAST_READ) return [unit, 1];
    return finer.find(([, of]) => size >= of * 0.9995) ?? last;
  }

  /**
   * @param {Row} row
   * @param {Units} units
   */
  function valueText(row, units) {
    if (row.value === null) return number(null);
    const [unit, of] = readable(Math.max(Math.abs(row.value), Math.abs(row.high ?? 0)), units);
    const said = (/** @type {number | null | undefined} */ value) => number(value == null ? value : value / of);
    const band = row.low !== undefined && row.low !== null ? ` (${said(row.low)}–${said(row.high)})` : "";
    return (row.sign ? `${row.sign}\u202f` : "") + said(row.value) + (unit && `\u202f${unit}`) + band;
  }

  /**
   * With the offset from UTC where it is not the axis's: on the day when an hour comes twice, which of them.
   * @param {number} moment
   * @param {string} zone
   * @param {string} step
   * @param {number} [offset] - the axis's, in ms; none where it is no question
   */
  function momentText(moment, zone, step, offset) {
    const text = metrics.time.bucket(moment, zone, step);
    if (offset === undefined) return text;
    const own = offsetAt(moment, zone);
    return own === offset ? text : `${text} (UTC${own < 0 ? "−" : "+"}${Math.abs(own) / 3600000})`;
  }

  /**
   * @param {number} moment
   * @param {string} zone
   */
  const asUtc = (moment, zone) => Date.parse(`${metrics.time.toWall(moment, zone)}Z`);

  /**
   * @param {number} moment
   * @param {string} zone
   */
  const offsetAt = (moment, zone) => asUtc(moment, zone) - moment;

  /**
   * The bucket that one is compared with: so many milliseconds ago, or days or months by the wall clock.
   * @param {number} moment
   * @param {string} zone
   * @param {string} step
   * @param {Compared} compared
   */
  function comparedText(moment, zone, step, { number, unit }) {
    if (unit === "ms") return momentText(moment - number, zone, step);
    const wall = new Date(asUtc(moment, zone));
    if (unit === "M") wall.setUTCMonth(wall.getUTCMonth() - number);
    else wall.setUTCDate(wall.getUTCDate() - number);
    return momentText(wall.getTime(), "UTC", step);
  }

  /**
   * @param {Graph} graph
   * @param {number} index
   * @returns {Reading}
   */
  function read(graph, index) {
    const { meta } = graph._fullLayout;
    const moment = metrics.grid.of(meta).edge(index);
    const rows = metrics.values.rowsOf(graph, index);
    const several = new Set(rows.filter((row) => !row.before).map((row) => row.group)).size > 1;
    const end = metrics.grid.of(meta).edge(index + 1);
    return {
      notes: meta.refused.filter((one) => one.start < end && one.end > moment).map(({ text }) => text),
      moment,
      rows,
      several,
      units: meta,
      time: momentText(moment, meta.zone, meta.step, axisOffset(meta)),
      zone: meta.zone,
      step: meta.step,
      compared: meta.compared,
    };
  }

  /** @param {GraphMeta} meta - days are named by their date alone */
  const axisOffset = (meta) => (metrics.time.isOfDays(meta.step) ? undefined : meta.offset);

  /**
   * @param {Row} row
   * @param {Reading} reading
   */
  function nameOf(row, { several, moment, zone, step, compared }) {
    if (!row.before) return several ? row.name : "";
    return (several ? `${row.name}, ` : "") + (compared ? comparedText(moment, zone, step, compared) : "");
  }

  /** @param {Reading} reading - in one sentence, for who listens */
  function spoken(reading) {
    const rows = reading.rows.map((row) => `${nameOf(row, reading)} ${valueText(row, reading.units)}`.trim());
    return `${reading.time}: ${[...rows, ...reading.notes].join("; ") || "no data"}`;
  }

  const reading = { read, number, momentText, nameOf, valueText, spoken };
  metrics.reading = reading;
  if (typeof module === "object") module.exports = reading;
})(globalThis.metrics);
