/* One crosshair through all charts of a tab: a line, a dot on every series, and what each chart reads there.
 *
 * It is drawn beside the figures and not in them: moving it never makes Plotly draw, and no picture shows it. What it
 * reads is what is drawn (meta of the layout and of the traces: layouts/figures.py). */
(function (metrics) {
  const root = document.documentElement;
  const points = new WeakMap();
  let shown = null; /* { at: index of a bucket, graph: where the pointer or the focus is } */
  let frame = null;

  /* Charts */

  const graphOf = (element) => {
    const chart = element && element.closest && element.closest(".chart");
    const graph = chart && chart.querySelector(".js-plotly-plot");
    return graph && graph._fullLayout && graph._fullLayout.xaxis && graph._fullLayout.meta ? graph : null;
  };
  const graphs = () => [...document.querySelectorAll("#board .card .js-plotly-plot")].map(graphOf).filter(Boolean);
  const readerOf = (graph) => graph.closest(".chart").querySelector(".reader");
  const idOf = (graph) => graph.closest(".card").id.slice("card-".length);

  /* Buckets: the layout's grid, in moments (epoch ms) and in places of the axis */

  function gridOf(graph) {
    const { grid, offset } = graph._fullLayout.meta;
    const count = grid.edges ? grid.edges.length - 1 : grid.count;
    const edge = (index) => (grid.edges ? grid.edges[index] : grid.first + index * grid.step);
    const holding = (moment) => {
      if (!grid.edges) return Math.floor((moment - grid.first) / grid.step);
      const after = grid.edges.findIndex((one) => one > moment);
      return (after < 0 ? grid.edges.length : after) - 1;
    };
    return { count, edge, offset, within: (moment) => Math.max(0, Math.min(count - 1, holding(moment))) };
  }

  /* Lines have their points at the start of buckets, bars stand over them. */
  function nearest(graph, moment) {
    const grid = gridOf(graph);
    const index = grid.within(moment);
    if (graph._fullLayout.meta.draw === "bar" || index + 1 >= grid.count) return index;
    return moment - grid.edge(index) > grid.edge(index + 1) - moment ? index + 1 : index;
  }

  function place(graph, index) {
    const grid = gridOf(graph);
    const half = graph._fullLayout.meta.draw === "bar" ? (grid.edge(index + 1) - grid.edge(index)) / 2 : 0;
    return grid.edge(index) + half + grid.offset;
  }

  /* Values */

  const onAxis = (text) => (typeof text === "number" ? text : Date.parse(text.replace(" ", "T") + "Z"));

  function pointsOf(trace) {
    if (!points.has(trace)) {
      const first = trace.x && trace.x.length ? null : onAxis(trace.x0);
      const starts = first === null ? Array.from(trace.x, onAxis) : null;
      points.set(trace, { starts, first, step: trace.dx || 1 });
    }
    return points.get(trace);
  }

  function valueAt(trace, x) {
    const { starts, first, step } = pointsOf(trace);
    const index = starts ? starts.indexOf(x) : Math.round((x - first) / step);
    if (index < 0 || index >= trace.y.length || (!starts && Math.abs(first + index * step - x) > 1)) return null;
    const value = trace.y[index];
    return value === null || Number.isNaN(value) ? null : value;
  }

  /* What a chart reads at a bucket: a row for each visible series, and for what it is compared with. */
  function rowsOf(graph, index) {
    const start = gridOf(graph).edge(index) + gridOf(graph).offset;
    const rows = new Map();
    const before = [];
    for (const trace of graph._fullData) {
      if (trace.visible !== true || !trace.meta || trace.meta === "anchor") continue;
      const value = valueAt(trace, trace.meta === "before" ? place(graph, index) : start);
      if (trace.meta === "before") {
        before.push({ name: trace.name, group: trace.legendgroup, colour: trace.line.color, before: true, value });
        continue;
      }
      const row = rows.get(trace.legendgroup) || { name: trace.name, group: trace.legendgroup, value: null };
      if (trace.meta === "zero") row.value = value === null ? row.value : 0;
      else if (trace.meta !== "value") row[trace.meta] = value;
      else if (row.value === null) row.value = value;
      if (trace.meta === "value") row.name = trace.name;
      row.colour = row.colour || colourOf(trace);
      rows.set(trace.legendgroup, row);
    }
    return [...rows.values(), ...before];
  }

  function colourOf(trace) {
    const colour = trace.type === "bar" || trace.mode === "markers" ? trace.marker.color : trace.line.color;
    const pattern = trace.marker && trace.marker.pattern;
    return pattern && pattern.shape ? pattern.fgcolor : colour;
  }

  /* Words */

  const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
  const short = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });

  function number(value) {
    if (value === null || value === undefined) return "–";
    const text = Number.isInteger(value) || Math.abs(value) >= 1000 ? whole.format(value) : short.format(value);
    return text.replace("-", "−");
  }

  function valueText(row, unit) {
    const band = row.low !== undefined && row.low !== null ? ` (${number(row.low)}–${number(row.high)})` : "";
    return number(row.value) + (unit && row.value !== null ? `\u202f${unit}` : "") + band;
  }

  function compared() {
    return metrics.answer && metrics.answer.compared;
  }

  /* With the offset from UTC where it is not the axis's: on the day when an hour comes twice, which of them. */
  function momentText(moment, zone, offset) {
    const text = metrics.time.bucket(moment, zone, metrics.answer ? metrics.answer.resolution : "minute");
    if (offset === undefined) return text;
    const own = Date.parse(metrics.time.toWall(moment, zone) + "Z") - moment;
    return own === offset ? text : `${text} (UTC${own < 0 ? "−" : "+"}${Math.abs(own) / 3600000})`;
  }

  /* The bucket that one is compared with: by the wall clock where days are compared, else so many milliseconds ago. */
  function comparedText(moment, zone) {
    const { back, wall } = compared();
    if (!wall) return momentText(moment - back, zone);
    return momentText(Date.parse(metrics.time.toWall(moment, zone) + "Z") - back, "UTC");
  }

  function reading(graph, index) {
    const { zone, unit } = graph._fullLayout.meta;
    const moment = gridOf(graph).edge(index);
    const rows = rowsOf(graph, index);
    const several = new Set(rows.filter((row) => !row.before).map((row) => row.group)).size > 1;
    return { moment, rows, several, unit, time: momentText(moment, zone, axisOffset(graph)), zone };
  }

  function nameOf(row, read) {
    if (row.before) return (read.several ? `${row.name}, ` : "") + comparedText(read.moment, read.zone);
    return read.several ? row.name : "";
  }

  /* Days are named by their date alone. */
  function axisOffset(graph) {
    return metrics.answer && metrics.answer.resolution === "day" ? undefined : graph._fullLayout.meta.offset;
  }

  function spoken(read) {
    const rows = read.rows.map((row) => `${nameOf(row, read)} ${valueText(row, read.unit)}`.trim());
    return `${read.time}: ${rows.join("; ") || "no data"}`;
  }

  /* Drawing */

  function parts(reader) {
    if (!reader.firstChild) {
      reader.innerHTML =
        '<i class="cross-line"></i><div class="cross-dots"></div><span class="cross-time"></span><div class="cross-values"></div>';
    }
    const [line, dots, time, values] = reader.children;
    return { line, dots, time, values };
  }

  function sized(list, count, make) {
    while (list.children.length > count) list.lastChild.remove();
    while (list.children.length < count) list.append(make());
    return [...list.children];
  }

  function makeRow() {
    const row = document.createElement("div");
    row.innerHTML = "<i></i><span></span><b></b>";
    return row;
  }

  const move = (element, x, y) => (element.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`);

  function draw(graph, index) {
    const reader = readerOf(graph);
    const { xaxis, yaxis } = graph._fullLayout;
    const x = xaxis.c2p(place(graph, index)) + xaxis._offset;
    const inside = index >= 0 && x >= xaxis._offset - 1 && x <= xaxis._offset + xaxis._length + 1;
    reader.toggleAttribute("data-on", inside);
    if (!inside) return;
    const read = reading(graph, index);
    const { line, dots, time, values } = parts(reader);
    move(line, x, yaxis._offset);
    line.style.height = `${yaxis._length}px`;
    const dotted = read.rows.filter((row) => row.value !== null && graph._fullLayout.meta.draw !== "bar" && drawable(yaxis, row.value));
    sized(dots, dotted.length, () => document.createElement("i")).forEach((dot, order) => {
      dot.style.background = dotted[order].colour;
      move(dot, x, yaxis._offset + yaxis.c2p(dotted[order].value));
    });
    time.textContent = read.time;
    const half = time.offsetWidth / 2;
    move(time, Math.max(half, Math.min(reader.clientWidth - half, x)) - half, yaxis._offset + yaxis._length + 4);
    sized(values, read.rows.length, makeRow).forEach((element, order) => fill(element, read.rows[order], read));
    const left = x > xaxis._offset + xaxis._length / 2;
    move(values, left ? x - values.offsetWidth - 10 : x + 10, yaxis._offset + 2);
    if (document.activeElement === reader) say(reader, graph, index, read);
  }

  /* A chart that is drawn anew moves what the crosshair stands on. */
  const watched = new WeakSet();
  function watch(graph) {
    if (watched.has(graph)) return;
    watched.add(graph);
    graph.on("plotly_afterplot", () => document.dispatchEvent(new CustomEvent("metrics:drawn")));
  }

  const drawable = (axis, value) => axis.type !== "log" || value > 0;

  function fill(element, row, read) {
    const [swatch, name, value] = element.children;
    swatch.style.background = row.colour;
    element.className = row.before ? "before" : "";
    name.textContent = nameOf(row, read);
    value.textContent = valueText(row, read.unit);
  }

  function say(reader, graph, index, read) {
    reader.setAttribute("aria-valuemax", String(gridOf(graph).count - 1));
    reader.setAttribute("aria-valuenow", String(index));
    reader.setAttribute("aria-valuetext", spoken(read));
  }

  function render() {
    frame = null;
    if (shown === null) return;
    if (!shown.graph.isConnected || !shown.graph._fullLayout) return hide();
    const moment = gridOf(shown.graph).edge(shown.index);
    for (const graph of graphs()) {
      watch(graph);
      draw(graph, graph === shown.graph ? shown.index : gridOf(graph).within(moment));
    }
  }

  const later = () => (frame = frame || requestAnimationFrame(render));

  function show(graph, index) {
    shown = { graph, index, moment: gridOf(graph).edge(index) };
    later();
  }

  function hide() {
    shown = null;
    document.querySelectorAll(".reader[data-on]").forEach((reader) => reader.removeAttribute("data-on"));
  }

  /* Pointer */

  /* Where on the chart the pointer is; null outside of the plot and over what can be clicked. */
  function under(event) {
    if (root.dataset.kiosk !== undefined || !event.target.closest) return null;
    if (event.target.closest(".legend, .modebar, .chart-state a, dialog")) return null;
    const graph = graphOf(event.target);
    if (!graph || readerOf(graph).closest(".chart").querySelector(".chart-state .message")) return null;
    const { xaxis, yaxis } = graph._fullLayout;
    const box = graph.getBoundingClientRect();
    const x = event.clientX - box.left - xaxis._offset;
    const y = event.clientY - box.top - yaxis._offset;
    if (x < 0 || x > xaxis._length || y < 0 || y > yaxis._length) return null;
    return { graph, x, moment: xaxis.p2c(x) - gridOf(graph).offset };
  }

  document.addEventListener("pointermove", (event) => {
    const spot = under(event);
    if (spot) show(spot.graph, nearest(spot.graph, spot.moment));
    else if (shown !== null && document.activeElement !== readerOf(shown.graph)) hide();
  }, { passive: true });
  document.documentElement.addEventListener("pointerleave", () => {
    if (shown !== null && document.activeElement !== readerOf(shown.graph)) hide();
  });

  /* Keys: the reader of a chart is a slider along its buckets */

  const STEPS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -Infinity, End: Infinity };

  document.addEventListener("keydown", (event) => {
    if (!event.target.classList || !event.target.classList.contains("reader")) return;
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const graph = graphOf(event.target);
    if (!graph) return;
    const last = gridOf(graph).count - 1;
    const present = shown !== null && shown.graph === graph ? shown.index : last;
    if (event.key === "Enter") metrics.details.events(idOf(graph), gridOf(graph).edge(present), event.target);
    else if (event.key === "Escape") hide();
    else if (event.key in STEPS) show(graph, Math.max(0, Math.min(last, present + STEPS[event.key] * (event.shiftKey ? 10 : 1))));
    else return;
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    if (!event.target.classList.contains("reader") || !event.target.matches(":focus-visible")) return;
    const graph = graphOf(event.target);
    if (graph) show(graph, shown === null ? gridOf(graph).count - 1 : gridOf(graph).within(shown.moment));
  });
  document.addEventListener("focusout", (event) => {
    if (event.target.classList && event.target.classList.contains("reader")) hide();
  });

  document.addEventListener("metrics:drawn", () => {
    if (shown === null) return;
    if (!shown.graph.isConnected) return hide();
    const grid = gridOf(shown.graph);
    shown.index = grid.within(shown.moment);
    later();
  });

  metrics.crosshair = { under, nearest, gridOf, graphs, graphOf, idOf, show, hide };
})(window.metrics);
