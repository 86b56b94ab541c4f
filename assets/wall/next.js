/* Which part of its tab a wall shows, what is next, and when. */
((metrics) => {
  /** @param {Turn | null} turn */
  function words(turn) {
    if (turn === null) return "";
    if (turn.held) return `next: ${turn.next}, held`;
    return turn.left === null ? `next: ${turn.next}, waiting` : `next: ${turn.next} in ${turn.left} s`;
  }

  function render() {
    if (!metrics.url.isKiosk()) return;
    const turn = metrics.rotation.state();
    metrics.dom.write(metrics.dom.maybe("wall-next"), words(turn));
    metrics.dom.write(metrics.dom.maybe("wall-part"), metrics.turns.part());
    document.documentElement.style.setProperty("--turn", turn ? String(1 - turn.part) : "1");
  }

  metrics.events.on("address", render);
  metrics.events.on("answer", render);
  metrics.events.on("held", render);
  metrics.events.on("paged", render);
  setInterval(render, 1000);

  if (typeof module === "object") module.exports = { words };
})(globalThis.metrics);
