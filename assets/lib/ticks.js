/* The last label of a time axis is left out where it would not fit into its graph.
 *
 * Plotly would see to that as well, but lays out the page several times to measure each label. Only one of them can be too
 * long, and how long a text is, a canvas knows without the page. */
((metrics) => {
  /* How far glyphs reach beyond what a text is long (px). */
  const OVERHANG = 1;

  /** @type {CanvasRenderingContext2D | null} */
  let pen = null;
  /** @type {Map<string, number>} */
  const known = new Map();

  /**
   * @param {string} text
   * @param {string} font - as CSS has it
   */
  function lengthOf(text, font) {
    const key = `${font}\n${text}`;
    const length = known.get(key) ?? measured(text, font);
    /* Labels of a day's moments are a few; a wall that stands for months has many days. */
    if (known.size > 500) known.clear();
    known.set(key, length);
    return length;
  }

  /**
   * @param {string} text
   * @param {string} font
   */
  function measured(text, font) {
    pen ??= document.createElement("canvas").getContext("2d");
    if (!pen) return 0;
    pen.font = font;
    return pen.measureText(text).width;
  }

  /** @param {Graph} graph */
  function trim(graph) {
    const { xaxis, width } = graph._fullLayout ?? {};
    const label = xaxis && /** @type {SVGTextElement | undefined} */ (metrics.dom.all(".xtick > text", graph).at(-1));
    const place = label?.transform.baseVal[0]?.matrix.e;
    if (!label || place === undefined) return;
    const { size, family } = xaxis.tickfont;
    const lines = label.children.length ? Array.from(label.children) : [label];
    const longest = Math.max(...lines.map((line) => lengthOf(line.textContent ?? "", `${size}px ${family}`)));
    if (place + longest / 2 + OVERHANG > width) label.style.display = "none";
  }

  const ticks = { trim };
  metrics.ticks = ticks;
  if (typeof module === "object") module.exports = ticks;
})(globalThis.metrics);
