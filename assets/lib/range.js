/* Ways to another range, as changes of the address. */
((metrics) => {
  /**
   * @param {number} start - epoch ms
   * @param {number} end
   */
  const between = (start, end) => ({ range: "", from: metrics.time.iso(start), to: metrics.time.iso(end) });

  /** @param {string} name - back, forward, out, pause or live; the server says where they lead */
  function step(name) {
    if (metrics.answer?.steps) metrics.url.go(metrics.answer.steps[name]);
  }

  const range = { between, step };
  metrics.range = range;
  if (typeof module === "object") module.exports = range;
})(globalThis.metrics);
