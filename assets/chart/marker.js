/* The crosshair on one chart: a line, a dot on every series, the moment below and the values beside it.
 *
 * It is drawn beside the figure and not in it: moving it never makes Plotly draw, and no picture shows it. */
((metrics) => {
  const { made, write } = metrics.dom;
  /* Of a list of values in px: a line of one row, and what is above and below all (assets/css/reading.css). */
  const LINE = 18;
  const PADDING = 6;
  /* How much of the plot's height values may take that stand over the line itself. */
  const COVERED = 0.6;

  /** @param {HTMLElement} reader */
  function parts(reader) {
    /* A range that is being chosen stands there too, and may have come first. */
    if (!reader.querySelector(".cross-line")) {
      reader.prepend(
        made("i", "cross-line"),
        made("div", "cross-dots"),
        made("span", "cross-time"),
        made("div", "cross-values"),
      );
    }
    const [line, dots, time, values] = /** @type {HTMLElement[]} */ (Array.from(reader.children));
    return { line, dots, time, values };
  }

  /**
   * The children of a list, as many as are wanted.
   * @param {HTMLElement} list
   * @param {number} count
   * @param {() => HTMLElement} make
   */
  function sized(list, count, make) {
    while (list.children.length > count) list.lastChild?.remove();
    while (list.children.length < count) list.append(make());
    return /** @type {HTMLElement[]} */ (Array.from(list.children));
  }

  function makeRow() {
    const row = made("div");
    row.append(made("i"), made("span"), made("b"));
    return row;
  }

  /**
   * @param {HTMLElement} element
   * @param {number} x
   * @param {number} y
   */
  function move(element, x, y) {
    element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
  }

  /**
   * @param {HTMLElement} element
   * @param {Row} row
   * @param {Reading} reading
   */
  function fill(element, row, reading) {
    const [swatch, name, value] = /** @type {HTMLElement[]} */ (Array.from(element.children));
    swatch.style.background = row.colour ?? "";
    element.className = row.before ? "before" : "";
    write(name, metrics.reading.nameOf(row, reading));
    write(value, metrics.reading.valueText(row, reading.units));
  }

  /**
   * What is to be known of the bucket beside its values.
   * @param {HTMLElement} element
   * @param {string} text
   */
  function fillNote(element, text) {
    const [swatch, name, value] = /** @type {HTMLElement[]} */ (Array.from(element.children));
    swatch.style.background = "";
    element.className = "refused";
    write(name, text);
    write(value, "");
  }

  /**
   * Draws the crosshair of a chart at a bucket; where the bucket is not on the chart (zoomed), hides it.
   * @param {Graph} graph
   * @param {number} index
   */
  function draw(graph, index) {
    const reader = metrics.graphs.readerOf(graph);
    const { xaxis, meta } = graph._fullLayout;
    const x = xaxis.c2p(metrics.grid.place(meta, index)) + xaxis._offset;
    const inside = index >= 0 && metrics.placement.isInside(x, xaxis);
    reader.toggleAttribute("data-on", inside);
    if (!inside) return;
    const reading = metrics.reading.read(graph, index);
    const { line, dots, time, values } = parts(reader);
    drawLine(line, dots, graph, x, reading);
    drawWords(time, values, graph, x, reading);
    if (document.activeElement === reader) say(reader, metrics.grid.of(meta).count, index, reading);
  }

  /**
   * @param {HTMLElement} line
   * @param {HTMLElement} dots
   * @param {Graph} graph
   * @param {number} x
   * @param {Reading} reading
   */
  function drawLine(line, dots, graph, x, reading) {
    const { yaxis, meta } = graph._fullLayout;
    move(line, x, yaxis._offset);
    line.style.height = `${yaxis._length}px`;
    const rows = metrics.placement.dotted(reading.rows, meta.stacked, yaxis.type);
    sized(dots, rows.length, () => made("i")).forEach((dot, place) => {
      dot.style.background = rows[place].colour ?? "";
      move(dot, x, yaxis._offset + yaxis.c2p(/** @type {number} */ (rows[place].value)));
    });
  }

  /**
   * @param {HTMLElement} time
   * @param {HTMLElement} values
   * @param {Graph} graph
   * @param {number} x
   * @param {Reading} reading
   */
  function drawWords(time, values, graph, x, reading) {
    const { yaxis } = graph._fullLayout;
    write(time, reading.time);
    const { rows, notes } = reading;
    const lines = sized(values, rows.length + notes.length, makeRow);
    lines.forEach((element, place) => {
      if (place < rows.length) fill(element, rows[place], reading);
      else fillNote(element, notes[place - rows.length]);
    });
    /* All is measured at once, so that the browser lays out once; again only where there are too many lines. */
    const [width, room] = [time.offsetWidth, metrics.graphs.readerOf(graph).clientWidth];
    const bounds = { width: room, top: yaxis._offset + 2, bottom: yaxis._offset + yaxis._length - 2 };
    const spot = spotOf(graph, x, reading);
    const most =
      (bounds.bottom - bounds.top) * (metrics.placement.hasSide(spot, values.offsetWidth, room) ? 1 : COVERED);
    if (values.offsetHeight > most) shorten(values, lines, rows, most);
    const size = { width: values.offsetWidth, height: values.offsetHeight };
    move(time, metrics.placement.centred(x, width, room), yaxis._offset + yaxis._length + 4);
    const place = metrics.placement.beside(spot, size, bounds);
    move(values, place.x, place.y);
  }

  /**
   * Leaves the largest values, and says how many more there are. What is to be known of the bucket stays.
   * @param {HTMLElement} values
   * @param {HTMLElement[]} lines
   * @param {Row[]} rows
   * @param {number} most - px
   */
  function shorten(values, lines, rows, most) {
    const heights = lines.map((line) => line.offsetHeight);
    const around = values.offsetHeight - values.clientHeight + PADDING;
    const sizes = lines.map((_, place) => (place < rows.length ? rows[place].value : Infinity));
    const kept = metrics.placement.kept(sizes, heights, most - around, LINE);
    const left = lines.length - kept.length;
    for (const [place, line] of lines.entries()) if (!kept.includes(place)) line.remove();
    if (!left) return;
    const more = makeRow();
    more.className = "more";
    write(/** @type {HTMLElement} */ (more.children[1]), `+${left} more`);
    values.append(more);
  }

  /**
   * What the values are of: the points over x, or the bar around it.
   * @param {Graph} graph
   * @param {number} x
   * @param {Reading} reading
   */
  function spotOf(graph, x, { moment, rows }) {
    const { xaxis, yaxis, meta } = graph._fullLayout;
    const start = xaxis.c2p(moment + meta.offset) + xaxis._offset;
    const drawn = metrics.placement.dotted(rows, false, yaxis.type);
    const ys = drawn.map(({ value }) => yaxis._offset + yaxis.c2p(/** @type {number} */ (value)));
    return { x, reach: metrics.grid.fills(meta) ? Math.abs(x - start) : 0, ys };
  }

  /**
   * @param {HTMLElement} reader
   * @param {number} count
   * @param {number} index
   * @param {Reading} reading
   */
  function say(reader, count, index, reading) {
    reader.setAttribute("aria-valuemax", String(count - 1));
    reader.setAttribute("aria-valuenow", String(index));
    reader.setAttribute("aria-valuetext", metrics.reading.spoken(reading));
  }

  const marker = { draw };
  metrics.marker = marker;
  if (typeof module === "object") module.exports = marker;
})(globalThis.metrics);
