/* Labels that have no room are left out: the last of a time axis, where it would not fit into its graph, and those of a
 * value axis that would lie over one another.
 *
 * Plotly would see to the first as well, but lays out the page several times to measure each label. Only one of them can be
 * too long, and how long a text is, a canvas knows without the page. Of the second it knows nothing: how many labels an axis
 * of values has is said by who does not know how high it will be. */
((metrics) => {
  /* How far glyphs reach beyond what a text is long (px). */
  const OVERHANG = 1;
  /* How high a label is, in parts of its type. */
  const LINE = 1.25;

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

  /**
   * Which labels of an axis stay: both ends of an even one and what lies evenly between them, as many as have room; of
   * others the topmost, which names the unit, and whatever has room below.
   * @param {number[]} places - of all labels, from the top (px)
   * @param {number} least - between two that stay
   * @returns {number[]} those that stay, by their number
   */
  function spaced(places, least) {
    const apart = (/** @type {number[]} */ kept) =>
      kept.every((at, index) => !index || places[at] - places[kept[index - 1]] >= least);
    const all = Array.from(places.keys());
    for (const every of all.slice(1)) {
      const kept = all.filter((at) => at % every === 0);
      if ((places.length - 1) % every === 0 && apart(kept)) return kept;
    }
    /** @type {number[]} */
    const found = [];
    for (const at of all) if (apart([...found, at])) found.push(at);
    return found;
  }

  /** @param {Graph} graph */
  function thin(graph) {
    const { yaxis } = graph._fullLayout ?? {};
    if (!yaxis) return;
    /** @type {NodeListOf<SVGTextElement>} */
    const labels = graph.querySelectorAll(".ytick > text");
    const placed = Array.from(labels, (label) => ({ label, top: label.transform.baseVal[0]?.matrix.f ?? 0 }));
    placed.sort((one, other) => one.top - other.top);
    const tops = placed.map(({ top }) => top);
    const kept = spaced(tops, yaxis.tickfont.size * LINE);
    for (const [at, { label }] of placed.entries()) label.style.display = kept.includes(at) ? "" : "none";
  }

  /** @param {Graph} graph */
  function fitted(graph) {
    trim(graph);
    thin(graph);
  }

  const ticks = { fitted, thin, spaced };
  metrics.ticks = ticks;
  if (typeof module === "object") module.exports = ticks;
})(globalThis.metrics);
