/* Fingers on a chart: a tap pins the crosshair, a finger that goes along the chart moves it; two fingers, or one that
 * rests before it goes, choose a range for the whole tab. Up and down the browser scrolls, and then takes the finger
 * away from here (touch-action in reading.css): pointercancel. How long a finger rested is told by the times at which it
 * came and went, and not by when the page found time to hear of them. */
((metrics) => {
  const SLOP = 10;
  const RESTS = 450;
  const OTHERS = ".legend, .notes, .menu, .cross-time, a, button, dialog";

  /** @type {Touching | null} */
  let touching = null;
  /* Every finger on the screen, also those that mean nothing here. */
  /** @type {Set<number>} */
  const down = new Set();
  let isOnChart = false;
  let rest = 0;

  /** @param {PointerEvent} event */
  function begin(event) {
    if (event.pointerType !== "touch") return;
    if (event.isPrimary) down.clear();
    down.add(event.pointerId);
    const spot = metrics.pointer.under(event);
    isOnChart = spot !== null;
    if (down.size === 1) first(event, spot);
    else if (down.size === 2 && spot && touching?.graph === spot.graph) second(event, spot);
    else abandon();
  }

  /**
   * @param {PointerEvent} event
   * @param {Spot | null} spot
   */
  function first(event, spot) {
    const graph = spot?.graph ?? null;
    const x = spot?.x ?? 0;
    const fingers = new Map([[event.pointerId, x]]);
    cancel();
    const [at, means] = [event.timeStamp, /** @type {const} */ ("tap")];
    touching = { graph, fingers, anchor: x, x: event.clientX, y: event.clientY, at, rested: false, means };
    if (graph) rest = window.setTimeout(held, RESTS);
  }

  /**
   * @param {PointerEvent} event
   * @param {Spot} spot
   */
  function second(event, spot) {
    if (touching === null) return;
    clearTimeout(rest);
    touching.rested = false;
    touching.fingers.set(event.pointerId, spot.x);
    choosing(touching);
  }

  /* The finger rested: from here on it chooses. */
  function held() {
    if (touching?.means !== "tap") return;
    navigator.vibrate?.(10);
    touching.rested = true;
    choosing(touching);
  }

  /** @param {Touching} present */
  function choosing(present) {
    present.means = "range";
    show(present);
  }

  /** @param {PointerEvent} event */
  function move(event) {
    if (!touching?.fingers.has(event.pointerId)) return;
    if (touching.rested && wentEarlier(touching, event)) reread(touching);
    if (touching.means === "tap") decide(touching, event);
    if (!touching?.graph || touching.means === "tap") return;
    if (!touching.graph.isConnected) return cancel();
    touching.fingers.set(event.pointerId, metrics.pointer.along(touching.graph, event));
    show(touching);
  }

  /**
   * Whether a finger that seemed to rest had gone before: on a machine that is busy its moves are heard of late.
   * @param {Touching} present
   * @param {PointerEvent} event
   */
  function wentEarlier({ x, y, at }, event) {
    const moves = event.getCoalescedEvents?.() ?? [];
    return [...moves, event].some(
      (each) => each.timeStamp - at < RESTS && Math.max(Math.abs(each.clientX - x), Math.abs(each.clientY - y)) >= SLOP,
    );
  }

  /**
   * It did not choose, so what it showed goes: the next moves tell what it means.
   * @param {Touching} present
   */
  function reread(present) {
    present.rested = false;
    present.means = "tap";
    if (present.graph) metrics.selection.unpaint(present.graph);
    metrics.crosshair.hide();
  }

  /**
   * A finger that moved is no tap any more. Where there is nothing to scroll the browser leaves it here also when it goes
   * up or down, which means nothing.
   * @param {Touching} present
   * @param {PointerEvent} event
   */
  function decide(present, event) {
    const [across, along] = [Math.abs(event.clientX - present.x), Math.abs(event.clientY - present.y)];
    if (Math.max(across, along) < SLOP) return;
    if (present.graph === null || along > across) return cancel();
    clearTimeout(rest);
    present.means = "reading";
  }

  /** The fingers' places on the plot (px), the one that stands first. @param {Touching} present */
  function ends({ anchor, fingers }) {
    const places = [...fingers.values()];
    return { from: places.length > 1 ? places[0] : anchor, to: places[places.length - 1] };
  }

  /** @param {Touching} present */
  function show(present) {
    if (present.graph === null) return;
    const { from, to } = ends(present);
    metrics.crosshair.pin(present.graph, metrics.pointer.momentAt(present.graph, to));
    if (present.means === "range") metrics.selection.paint({ graph: present.graph, from, to, alone: false });
  }

  /** @param {PointerEvent} event */
  function end(event) {
    const done = touching?.fingers.has(event.pointerId) ? touching : null;
    down.delete(event.pointerId);
    if (done === null) return;
    cancel();
    const { from, to } = ends(done);
    if (done.means === "tap") tapped(done, event);
    else if (done.means === "range" && Math.abs(to - from) >= SLOP && done.graph?.isConnected)
      metrics.selection.choose({ graph: done.graph, from, to, alone: false });
  }

  /**
   * @param {Touching} done
   * @param {PointerEvent} event
   */
  function tapped(done, event) {
    if (done.graph?.isConnected) show(done);
    else if (!metrics.dom.around(event, OTHERS)) metrics.crosshair.hide();
  }

  /* What is not brought to its end chose nothing, and is not read either. */
  function abandon() {
    if (touching?.means === "range") metrics.crosshair.hide();
    cancel();
  }

  function cancel() {
    clearTimeout(rest);
    if (touching?.graph) metrics.selection.unpaint(touching.graph);
    touching = null;
  }

  metrics.events.on("tapped", ({ card, left, top }) => {
    const graph = metrics.graphs.of(metrics.dom.all("#board .card")[card]?.querySelector(".graph"));
    const spot = graph && metrics.pointer.within(graph, left, top);
    if (spot) metrics.crosshair.pin(spot.graph, spot.moment);
  });

  document.addEventListener("pointerdown", begin, { passive: true });
  document.addEventListener("pointermove", move, { passive: true });
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", (event) => {
    down.delete(event.pointerId);
    /* The browser takes it to scroll with. */
    if (touching?.fingers.has(event.pointerId)) abandon();
  });
  /* A finger that rests on a chart asks for no menu of the browser's. */
  document.addEventListener("contextmenu", (event) => {
    if (isOnChart && /** @type {PointerEvent} */ (event).pointerType === "touch") event.preventDefault();
  });
  /* Plotly would lay a cover over the page. */
  document.addEventListener(
    "touchstart",
    (event) => {
      if (isOnChart && metrics.graphs.of(/** @type {Element} */ (event.target))) event.stopPropagation();
    },
    { capture: true, passive: true },
  );
})(globalThis.metrics);
