/* The legend of a chart of several series: one line of switches above it, what doesn't fit behind a "+5".
 *
 * It is filled from the figure that the server sent, in the order of the tooltip, and is no business of Plotly's. */
((metrics) => {
  /* Between two entries, and of what says how many more there are, in parts of its type, which is larger on a wall
   * (assets/css/reading.css). */
  const GAP = 1;
  const MORE = 40 / 12;
  const { made } = metrics.dom;

  /**
   * The entries of a figure's legend. A figure may be of an address before; what is pressed is what the address says.
   * @param {Figure} figure
   * @param {Set<string>} off - the names of series that are switched off
   * @returns {LegendEntry[]}
   */
  function entries({ data, layout }, off) {
    const several = data.filter((trace) => trace.showlegend);
    if (several.length < 2) return [];
    return several.map((trace) => {
      const { name, label, filter } = metrics.graphs.seriesOf(layout.meta, trace);
      const colour = (trace.type === "bar" ? trace.marker?.color : trace.line?.color) ?? "";
      const entry = { key: trace.legendgroup, name, label, colour, off: off.has(name) };
      return filter ? { ...entry, filter } : entry;
    });
  }

  /**
   * How many of the first fit into a line; where not all do, the last of it says how many are left.
   * @param {number[]} widths
   * @param {number} room
   * @param {number} type - how large it is (px)
   */
  function fitting(widths, room, type) {
    const [gap, more] = [GAP * type, MORE * type];
    const ends = widths.map((_, at) => widths.slice(0, at + 1).reduce((sum, width) => sum + width + gap, -gap));
    if (!ends.length || ends[ends.length - 1] <= room) return widths.length;
    return ends.filter((end) => end + gap + more <= room).length;
  }

  /**
   * Opens the chart's menu at what the tab can be filtered by of an entry. The menu is filled once it is open.
   * @param {string} chart
   * @param {string} label
   */
  function offerFilters(chart, label) {
    const menu = /** @type {HTMLDetailsElement} */ (metrics.dom.find(`share-${chart}`));
    const isOf = (/** @type {HTMLElement} */ { firstChild }) => firstChild?.textContent === label;
    const focus = () => metrics.dom.all(".choices", menu).find(isOf)?.querySelector("a")?.focus();
    menu.addEventListener("toggle", focus, { once: true });
    menu.open = true;
  }

  /**
   * @param {string} chart
   * @param {LegendEntry} entry
   */
  function switchOf(chart, { key, label, colour, off, filter }) {
    const button = made("button");
    button.type = "button";
    button.title = filter ? `${label}: click to show or hide, right-click to filter the tab` : label;
    button.setAttribute("aria-pressed", String(!off));
    const swatch = made("i");
    swatch.style.background = colour;
    button.append(swatch, made("span", "", label));
    button.addEventListener("click", () => {
      const graph = metrics.graphs.drawing(chart);
      if (graph?._fullLayout) metrics.series.toggle(graph, key);
    });
    button.addEventListener("contextmenu", (event) => {
      if (!filter) return;
      event.preventDefault();
      offerFilters(chart, label);
    });
    button.addEventListener("dblclick", () => {
      const graph = metrics.graphs.drawing(chart);
      if (graph?._fullLayout) metrics.series.alone(graph, key);
    });
    return button;
  }

  /** @type {WeakMap<Element, { chart: string, entries: LegendEntry[], room: number }>} */
  const filled = new WeakMap();

  /** @param {Element} legend */
  const isOpen = (legend) => legend.querySelector("details[open]") !== null;

  /**
   * All of them are written before any is measured: the browser lays out the page once for all.
   * @param {Iterable<HTMLElement>} legends
   */
  function lay(legends) {
    const written = Array.from(legends, (legend) => ({ legend, buttons: write(legend) }));
    const measured = written.map(({ legend, buttons }) => ({ legend, rest: buttons.slice(room(legend, buttons)) }));
    for (const { legend, rest } of measured) if (rest.length) legend.append(more(rest));
  }

  /** @param {HTMLElement} legend */
  function write(legend) {
    const content = filled.get(legend);
    const buttons = content?.entries.map((entry) => switchOf(content.chart, entry)) ?? [];
    legend.replaceChildren(...buttons);
    return buttons;
  }

  /**
   * For how many there is room.
   * @param {HTMLElement} legend
   * @param {HTMLElement[]} buttons
   */
  function room(legend, buttons) {
    const content = filled.get(legend);
    if (!content || !buttons.length) return 0;
    content.room = legend.clientWidth;
    const widths = buttons.map((button) => button.offsetWidth);
    return fitting(widths, content.room, Number.parseFloat(getComputedStyle(legend).fontSize));
  }

  /** @param {HTMLElement[]} rest */
  function more(rest) {
    const menu = made("details", "menu");
    const opener = made("summary", "", `+${rest.length}`);
    opener.setAttribute("aria-label", `${rest.length} more series`);
    const sheet = made("div", "sheet");
    const options = made("div", "options");
    options.append(...rest);
    sheet.append(options);
    menu.append(opener, sheet);
    return menu;
  }

  /** @param {Element} legend - whether it has another width than when it was laid out */
  const isStale = (legend) => legend.clientWidth !== filled.get(legend)?.room && !isOpen(legend);

  const resized =
    typeof ResizeObserver === "undefined"
      ? null
      : new ResizeObserver((changes) => {
          const legends = changes.map(({ target }) => /** @type {HTMLElement} */ (target));
          lay(legends.filter(isStale));
        });

  /** @type {Set<HTMLElement>} */
  const unlaid = new Set();

  function layAll() {
    const legends = [...unlaid];
    unlaid.clear();
    lay(legends);
    for (const legend of legends) resized?.observe(legend);
  }

  /** @param {HTMLElement} legend - a card that is new stands on the page with the next frame */
  function layLater(legend) {
    unlaid.add(legend);
    if (unlaid.size === 1) requestAnimationFrame(layAll);
  }

  /**
   * @param {string} chart
   * @param {Figure} figure
   */
  function fill(chart, figure) {
    const legend = metrics.dom.maybe(`legend-${chart}`);
    if (!legend) return;
    const found = entries(figure, metrics.series.off(chart));
    const present = filled.get(legend)?.entries ?? [];
    if (JSON.stringify(present) === JSON.stringify(found)) return;
    filled.set(legend, { chart, entries: found, room: 0 });
    /* A choice among the rest leaves their menu open: only what is pressed has changed. Other series close it. */
    const buttons = metrics.dom.all("button", legend);
    const same = present.map(({ key }) => key).join() === found.map(({ key }) => key).join();
    if (same && isOpen(legend))
      for (const [at, { off }] of found.entries()) buttons[at].setAttribute("aria-pressed", String(!off));
    else layLater(legend);
  }

  /** @param {string} chart - of which series were switched: what is drawn says it from its next figure on */
  function press(chart) {
    const legend = metrics.dom.maybe(`legend-${chart}`);
    if (!legend) return;
    const off = metrics.series.off(chart);
    const buttons = metrics.dom.all("button", legend);
    for (const [at, entry] of (filled.get(legend)?.entries ?? []).entries()) {
      entry.off = off.has(entry.name);
      buttons[at]?.setAttribute("aria-pressed", String(!entry.off));
    }
  }

  metrics.events.on("switched", press);
  metrics.events.on("figure", ({ graph, figure }) => fill(metrics.graphs.idOf(graph), figure));

  if (typeof module === "object") module.exports = { entries, fitting };
})(globalThis.metrics);
