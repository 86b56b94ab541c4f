/* Charts are drawn in turns, those in sight first, and the page stays at hand between two turns: who clicks on another tab
 * needn't wait for twelve charts of this one. Those out of sight follow when the browser has time for them.
 *
 * Plotly comes later than this (chart/draw.js hands it over). Who needs every chart at once says so: now(). */
((metrics) => {
  /* How long a turn lasts, but for the chart that it began (ms): the charts of a tab fit into one, so they change together
     and the page is painted once; and with that last chart it is shorter than what one feels. */
  const TURN = 24;
  /* How long a browser may be too busy for a chart out of sight (ms). A tab may have forty of them. */
  const BUSY_AT_MOST = 50;

  /* What a layout says of its size: that it is the one of its place. */
  const OF_ITS_PLACE = { width: undefined, height: undefined, autosize: true };

  /* How Plotly says that a graph is neither turned nor scaled. */
  const UNTURNED = [0, 1, 2, 3].map((row) => [0, 1, 2, 3].map((column) => Number(row === column)));
  const AS_IT_STANDS = { _invTransform: UNTURNED, _invScaleX: 1, _invScaleY: 1 };

  /** @type {Map<Graph, Drawing>} */
  const waiting = new Map();
  /** @type {PlotlyStatic["react"]} */
  let draw = () => Promise.reject(new Error("Plotly isn’t here yet."));
  /** @type {((work: () => void) => void) | null} */
  let planned = null;
  let plans = 0;

  /** @param {() => void} work */
  const soon = (work) => {
    if (window.scheduler?.postTask) window.scheduler.postTask(work);
    else setTimeout(work);
  };

  /* Before the browser paints: it would paint cards with their new numbers and old charts. What a person does comes first
     nevertheless. */
  /** @param {() => void} work */
  const next = (work) => {
    if (window.scheduler?.postTask) window.scheduler.postTask(work, { priority: "user-blocking" });
    else setTimeout(work);
  };

  /** @param {() => void} work */
  const whenIdle = (work) => {
    if (window.requestIdleCallback) window.requestIdleCallback(work, { timeout: BUSY_AT_MOST });
    else setTimeout(work, BUSY_AT_MOST);
  };

  /** @param {Graph} graph */
  function placeOf(graph) {
    const rect = graph.getBoundingClientRect();
    const { top, bottom, width } = rect;
    const away = width === 0 ? Number.MAX_VALUE : Math.max(0, top - window.innerHeight, -bottom);
    const { clientWidth, clientHeight } = graph;
    return { graph, away, rect, clientWidth, clientHeight };
  }

  /* All that wait are looked at before any is drawn: a look after each would have the browser lay out the page as often.
     Of those in sight the first that was asked for comes first, then the nearest. */
  const places = () => Array.from(waiting.keys(), placeOf);
  const inOrder = () => places().sort((one, other) => one.away - other.away);

  /** @param {(work: () => void) => void} when */
  function plan(when) {
    planned = when;
    plans += 1;
    const mine = plans;
    when(() => {
      if (mine === plans) turn(when === whenIdle);
    });
  }

  /** @param {boolean} isIdle */
  function turn(isIdle) {
    planned = null;
    const until = performance.now() + TURN;
    for (const place of inOrder()) {
      if (place.away > 0 && !isIdle) return plan(whenIdle);
      drawOne(place);
      if (waiting.size && (place.away > 0 || performance.now() >= until)) return plan(soon);
    }
  }

  /** @param {Whereabouts} place */
  function drawOne(place) {
    const { graph } = place;
    const drawing = waiting.get(graph);
    if (!drawing) return;
    waiting.delete(graph);
    graph.removeAttribute("data-waiting");
    try {
      /* It may have gone with its card. */
      drawing.done(graph.isConnected ? drawn(place, drawing.figure) : graph);
    } catch (problem) {
      drawing.done(Promise.reject(problem));
    }
  }

  /**
   * Plotly would ask the page where each graph is and how large, just after it has written the one before: it is told, for
   * this once. So it is of the labels, of which it would measure each (ticks.js). How a graph is used is the same for good,
   * and said when it is new.
   * @param {Whereabouts} place
   * @param {DrawnFigure} figure
   */
  function drawn(place, { data, layout, config }) {
    const { graph, clientWidth: width, clientHeight: height } = place;
    const unused = graph._fullLayout ? undefined : config;
    if (!width || !height) return draw(graph, data, layout, unused);
    keepFresh(graph);
    /** @type {Record<string, unknown>} */
    const xaxis = { ...layout?.xaxis, ticklabeloverflow: "allow" };
    const sized = { ...layout, xaxis, width, height, autosize: false };
    const result = toldOfPlace(place, () => draw(graph, data, sized, unused));
    Object.assign(graph.layout ?? {}, OF_ITS_PLACE);
    delete xaxis.ticklabeloverflow;
    metrics.ticks.fitted(graph);
    return result;
  }

  /* The graph that is drawn right now, where it is, and how large. */
  /** @type {Whereabouts | null} */
  let told = null;
  /** @type {WeakSet<Graph>} */
  const asksHere = new WeakSet();

  /**
   * @template Result
   * @param {Whereabouts} place
   * @param {() => Result} work
   */
  function toldOfPlace(place, work) {
    if (!asksHere.has(place.graph)) askHere(place.graph);
    told = place;
    try {
      return work();
    } finally {
      told = null;
    }
  }

  /** @param {Graph} graph - whose place is asked for here from now on: a property that comes and goes makes all others slow */
  function askHere(graph) {
    asksHere.add(graph);
    const page = Object.getPrototypeOf(graph);
    for (const name of /** @type {const} */ (["clientWidth", "clientHeight"])) {
      const get = () => (told?.graph === graph ? told[name] : Reflect.get(page, name, graph));
      Object.defineProperty(graph, name, { get, configurable: true });
    }
    graph.getBoundingClientRect = () =>
      told?.graph === graph ? rectOf(told) : Reflect.apply(page.getBoundingClientRect, graph, []);
  }

  /* Where a new graph is, Plotly asks for the sake of pointers, to which it doesn't listen here (GRAPH_CONFIG). Then it looks
     at every element around for how that turns and scales the graph, unless it knows it from there. */
  /** @param {Whereabouts} place */
  function rectOf({ graph, rect }) {
    const layout = graph._fullLayout;
    if (layout && !layout._lastBBox) Object.assign(layout, AS_IT_STANDS, { _lastBBox: rect });
    return rect;
  }

  /* What has been drawn at the size of its place in this turn. */
  /** @type {Set<Graph>} */
  const fresh = new Set();

  /** @param {Graph} graph */
  function keepFresh(graph) {
    if (!fresh.size) soon(() => fresh.clear());
    fresh.add(graph);
  }

  /**
   * Whether what stands there is of another range than what waits: it is pale at once, as its card's number and the
   * controls are of the new one. What a tick brings is nearly the same.
   * @param {Graph} graph
   * @param {GraphMeta | undefined} next
   */
  function isOfAnotherRange(graph, next) {
    const drawn = graph._fullLayout?.meta;
    if (!drawn || !next) return false;
    const part = (next.end - next.start) / 10;
    const moved = Math.max(Math.abs(next.start - drawn.start), Math.abs(next.end - drawn.end));
    return next.step !== drawn.step || moved > part;
  }

  /**
   * As Plotly's own, but in turn. Of two figures for one graph the newer is drawn.
   * @param {Graph} graph
   * @param {DrawnFigure} figure
   * @returns {Promise<unknown>}
   */
  function inTurn(graph, figure) {
    const drawing = waiting.get(graph) ?? asked(graph, figure);
    drawing.figure = figure;
    graph.setAttribute("data-waiting", isOfAnotherRange(graph, figure.layout?.meta) ? "range" : "");
    if (figure.layout?.meta) metrics.events.announce("figure", { graph, figure: /** @type {Figure} */ (figure) });
    if (planned !== soon && planned !== next) plan(soon);
    return drawing.drawn;
  }

  /**
   * @param {Graph} graph
   * @param {DrawnFigure} figure
   * @returns {Drawing}
   */
  function asked(graph, figure) {
    /** @type {(result: unknown) => void} */
    let done = () => {};
    const drawn = new Promise((resolve) => {
      done = resolve;
    });
    /** @type {Drawing} */
    const drawing = { figure, drawn, done };
    waiting.set(graph, drawing);
    return drawing;
  }

  /* Draws all that wait. */
  function now() {
    for (const place of places()) drawOne(place);
  }

  /**
   * Draws a graph at once.
   * @param {Graph} graph
   * @param {unknown[]} figure
   */
  const atOnce = (graph, ...figure) => draw(graph, ...figure);

  /** @param {Graph} graph - whether its picture is as large as its place, or will be */
  function fits(graph) {
    if (!graph._fullLayout || fresh.has(graph)) return true;
    const { width, height } = graph._fullLayout;
    return Math.abs(width - graph.clientWidth) <= 1 && Math.abs(height - graph.clientHeight) <= 1;
  }

  /** @param {PlotlyStatic} plotly */
  function take(plotly) {
    const { resize } = plotly.Plots;
    draw = plotly.react;
    plotly.react = inTurn;
    /* Dash wants every new graph drawn twice, whether its place has changed or not. */
    plotly.Plots.resize = async (graph) => {
      if (fits(graph)) return;
      await resize(graph);
      metrics.ticks.thin(graph);
    };
    /* Everything else that an answer brings is on the page then. */
    metrics.events.on("answer", () => {
      if (waiting.size) plan(next);
    });
  }

  /* What comes into sight is drawn before what is out of it. */
  document.addEventListener(
    "scroll",
    () => {
      if (waiting.size) plan(soon);
    },
    { capture: true, passive: true },
  );

  const draws = { take, inTurn, now, atOnce };
  metrics.draws = draws;
  if (typeof module === "object") module.exports = draws;
})(globalThis.metrics);
