/* What somebody says of moments (layouts/annotations.py): each mark's foot on the time axis tells it by pointer, by keys
 * and by touch, and the list below the chart tells all of it. The marks themselves are drawn in the figure, so that
 * pictures and walls show them. Every text is a text here, whatever it holds. */
((metrics) => {
  const { dom, graphs } = metrics;
  const LOOK_EVERY = 40;
  const DRAWN_WITHIN = 5000;

  /** @type {NoteGroup[]} */
  let groups = [];
  let zone = "UTC";

  /* The list below a chart */

  function list() {
    const notes = groups.flatMap((group) => group.notes);
    const key = JSON.stringify([zone, notes]);
    for (const details of dom.all("#board .notes-list")) {
      if (details.dataset.told === key) continue;
      details.dataset.told = key;
      details.hidden = !notes.length;
      const [summary, all] = Array.from(details.children);
      dom.write(
        /** @type {HTMLElement} */ (summary),
        `${notes.length} ${notes.length === 1 ? "annotation" : "annotations"}`,
      );
      all.replaceChildren(...notes.map((note) => metrics.notes.line(note, zone, true)).reverse());
    }
  }

  /* The feet of the marks. Of each chart one can be reached by Tab, the others by the arrows from there. */

  /** @param {Graph} graph */
  const roomOf = (graph) =>
    /** @type {HTMLElement | null} */ (graph.closest(".chart")?.querySelector(".notes") ?? null);

  /** @param {HTMLElement} room @returns {HTMLButtonElement[]} */
  const feet = (room) => /** @type {HTMLButtonElement[]} */ (dom.all("button", room));

  /** @param {Graph} graph */
  function place(graph) {
    const room = roomOf(graph);
    if (!room) return;
    const marks = feet(room);
    const { xaxis, yaxis, meta } = graph._fullLayout;
    while (marks.length > groups.length) marks.pop()?.remove();
    groups.forEach((group, index) => {
      const foot = marks[index] ?? made(room);
      const at = Math.max(meta.start, Math.min(meta.end, group.at));
      const x = xaxis._offset + xaxis.c2p(at + meta.offset);
      foot.hidden = !metrics.placement.isInside(x, xaxis);
      foot.dataset.group = String(index);
      foot.style.transform = `translate(${x.toFixed(1)}px, ${(yaxis._offset + yaxis._length).toFixed(1)}px)`;
      const words = metrics.notes.spoken(group, zone);
      if (foot.getAttribute("aria-label") !== words) foot.setAttribute("aria-label", words);
    });
    reachable(room);
  }

  /** @param {HTMLElement} room */
  function made(room) {
    const foot = dom.made("button", "note-foot");
    foot.type = "button";
    foot.tabIndex = -1;
    room.append(foot);
    return foot;
  }

  /** @param {HTMLElement} room */
  function reachable(room) {
    const marks = feet(room).filter((foot) => !foot.hidden);
    if (!marks.some((foot) => foot.tabIndex === 0)) for (const foot of marks.slice(-1)) foot.tabIndex = 0;
  }

  /** @type {WeakSet<Graph>} */
  const watched = new WeakSet();

  function placeAll() {
    for (const graph of graphs.all()) {
      if (!watched.has(graph)) graph.on("plotly_afterplot", () => place(graph));
      watched.add(graph);
      place(graph);
    }
  }

  /** Cards may stand before their charts are drawn. @param {number} since */
  function placeOnceDrawn(since) {
    placeAll();
    list();
    if (!graphs.areDrawn(dom.maybe("board")) && performance.now() - since < DRAWN_WITHIN)
      setTimeout(() => placeOnceDrawn(since), LOOK_EVERY);
  }

  metrics.events.on("answer", (answer) => {
    if (answer.error) return;
    groups = answer.annotations;
    zone = answer.zone;
    placeOnceDrawn(performance.now());
  });

  /* What a mark says, beside it */

  /** @type {HTMLElement | null} */
  let shown = null;

  /** @param {HTMLElement} foot */
  function show(foot) {
    const room = /** @type {HTMLElement} */ (foot.parentElement);
    const group = groups[Number(foot.dataset.group)];
    if (shown === foot || !group) return;
    hide();
    shown = foot;
    const tip = dom.made("div", "note-tip");
    const rest = group.notes.length - metrics.notes.TOLD_AT_ONCE;
    const told = dom.made("ul");
    told.append(
      ...group.notes.slice(0, metrics.notes.TOLD_AT_ONCE).map((note) => metrics.notes.line(note, zone, false)),
    );
    tip.append(told);
    if (rest > 0) tip.append(dom.made("p", "", `+${rest}, listed below the chart`));
    tip.setAttribute("aria-hidden", "true");
    room.append(tip);
    const box = foot.getBoundingClientRect();
    const around = room.getBoundingClientRect();
    const x = box.left + box.width / 2 - around.left;
    const left = metrics.placement.centred(x, tip.offsetWidth, room.clientWidth);
    tip.style.transform = `translate(${left.toFixed(1)}px, ${(box.top - around.top - tip.offsetHeight).toFixed(1)}px)`;
  }

  function hide() {
    for (const tip of dom.all(".note-tip")) tip.remove();
    shown = null;
  }

  /** @param {Event} event */
  const footOf = (event) => dom.around(event, ".note-foot");

  document.addEventListener("pointerover", (event) => {
    const foot = footOf(event);
    if (foot) show(foot);
    else if (shown && event.pointerType !== "touch" && shown !== document.activeElement) hide();
  });
  document.addEventListener("focusin", (event) => {
    const foot = footOf(event);
    if (foot) show(foot);
    else hide();
  });
  document.addEventListener("click", (event) => {
    const foot = footOf(event);
    if (foot) show(foot);
    else hide();
  });

  /** @type {Record<string, number>} */
  const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    const foot = footOf(event);
    if (!foot || !(event.key in STEPS)) return;
    const marks = feet(/** @type {HTMLElement} */ (foot.parentElement)).filter((one) => !one.hidden);
    const next = Math.max(
      0,
      Math.min(marks.length - 1, marks.indexOf(/** @type {HTMLButtonElement} */ (foot)) + STEPS[event.key]),
    );
    foot.tabIndex = -1;
    marks[next].tabIndex = 0;
    marks[next].focus();
    event.preventDefault();
    event.stopPropagation();
  });
})(window.metrics);
