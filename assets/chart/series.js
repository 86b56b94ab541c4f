/* A chart's series as switches in its menu: what a click on the legend does, for keys and for screen readers. */
((metrics) => {
  /**
   * A chart's series: each with the places of its traces.
   * @param {Trace[]} traces
   * @param {GraphMeta} meta
   * @returns {SeriesGroup[]}
   */
  function groups(traces, meta) {
    /** @type {Map<string, SeriesGroup>} */
    const found = new Map();
    traces.forEach((trace, place) => {
      if (!trace.legendgroup || trace.meta === "anchor") return;
      const { name, label, filter } = metrics.graphs.seriesOf(meta, trace);
      const key = trace.legendgroup;
      const group = found.get(key) || { key, name, label, places: [], ...(filter && { filter }) };
      group.places.push(place);
      found.set(trace.legendgroup, group);
    });
    return [...found.values()];
  }

  /**
   * @param {Graph} graph
   * @param {SeriesGroup} group
   * @param {boolean} on
   */
  function switchOf(graph, group, on) {
    const button = metrics.dom.made("button", "", group.label);
    button.type = "button";
    button.title = group.label;
    button.setAttribute("aria-pressed", String(on));
    button.addEventListener("click", () => button.setAttribute("aria-pressed", String(toggle(graph, group.key))));
    return group.filter ? withFilters(button, group.filter) : button;
  }

  /**
   * A value's switch, or its name, and beside it the filters of the whole tab by that value.
   * @param {HTMLElement} value
   * @param {string} filter
   */
  function withFilters(value, filter) {
    const line = metrics.dom.made("div", "choices");
    line.append(value, metrics.filters.link(filter, "only"), metrics.filters.link(`!${filter}`, "exclude"));
    return line;
  }

  /**
   * What the address says of a chart's series: the names of those that are switched off. A picture may be of an address
   * before.
   * @param {string} chart
   */
  const off = (chart) => {
    const said = metrics.url.getAll("hidden").filter((one) => one.startsWith(`${chart}:`));
    return new Set(said.map((one) => one.slice(chart.length + 1)));
  };

  /**
   * Switches series on or off: the address says so at once, whatever answer is on its way, and asks for the number of
   * what is visible then.
   * @param {Graph} graph
   * @param {[SeriesGroup[], boolean][]} changes
   */
  function show(graph, ...changes) {
    const chart = metrics.graphs.idOf(graph);
    const names = off(chart);
    for (const [those, on] of changes) {
      for (const { name } of those) on ? names.delete(name) : names.add(name);
      const places = those.flatMap((group) => group.places);
      if (places.length) window.Plotly.restyle(graph, { visible: on ? true : "legendonly" }, places);
    }
    const others = metrics.url.getAll("hidden").filter((one) => !one.startsWith(`${chart}:`));
    const hidden = [...others, ...Array.from(names, (name) => `${chart}:${name}`)];
    metrics.url.go({ hidden }, { replace: true });
    metrics.events.announce("switched", chart);
    metrics.events.announce("ask", { reason: "tick" });
  }

  /**
   * Switches a series on or off, and says which.
   * @param {Graph} graph
   * @param {string} key
   */
  function toggle(graph, key) {
    const those = groups(graph._fullData, graph._fullLayout.meta).filter((group) => group.key === key);
    const names = off(metrics.graphs.idOf(graph));
    const on = those.some(({ name }) => names.has(name));
    show(graph, [those, on]);
    return on;
  }

  /**
   * Leaves one series on; where it is alone already, all.
   * @param {Graph} graph
   * @param {string} key
   */
  function alone(graph, key) {
    const all = groups(graph._fullData, graph._fullLayout.meta);
    const [mine, others] = [all.filter((group) => group.key === key), all.filter((group) => group.key !== key)];
    const names = off(metrics.graphs.idOf(graph));
    const isAlone = others.every(({ name }) => names.has(name));
    show(graph, [mine, true], [others, isAlone]);
  }

  /**
   * The values of a table: a finger on a row filters by it, and where nothing can be pointed at there is no room for more.
   * @param {string} chart
   */
  function values(chart) {
    const links = metrics.dom.all(`#card-${chart} .ranking tbody a[data-filter]:not(.exclude)`);
    return links.map((link) => {
      const name = metrics.dom.made("span", "", link.textContent ?? "");
      name.title = name.textContent ?? "";
      return withFilters(name, link.dataset.filter ?? "");
    });
  }

  /** @param {HTMLElement} list */
  function fill(list) {
    const chart = list.dataset.series ?? "";
    if (document.querySelector(`#card-${chart} .ranking`)) {
      const found = window.matchMedia("(hover: none)").matches ? values(chart) : [];
      list.hidden = found.length === 0;
      return list.replaceChildren(...found);
    }
    const [graph, names] = [metrics.graphs.drawing(chart), off(chart)];
    const found = graph?._fullLayout ? groups(graph._fullData, graph._fullLayout.meta) : [];
    list.hidden = found.length < 2;
    list.replaceChildren(
      ...found.map((group) => switchOf(/** @type {Graph} */ (graph), group, !names.has(group.name))),
    );
  }

  metrics.events.on("menu", (menu) => {
    const list = /** @type {HTMLElement | null} */ (menu.querySelector("[data-series]"));
    if (list) fill(list);
  });

  const series = { groups, off, toggle, alone };
  metrics.series = series;
  if (typeof module === "object") module.exports = series;
})(globalThis.metrics);
