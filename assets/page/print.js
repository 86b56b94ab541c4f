/* On paper: light, without sidebar and controls, one tab a page. The charts are drawn anew for it, in light colours and at
 * the size that they have there, and as they were when it is printed. */
((metrics) => {
  const root = document.documentElement;
  /** @type {(() => void)[]} */
  let undo = [];

  /** @param {Graph} graph */
  function drawForPaper(graph) {
    const { data, layout } = graph;
    const light = metrics.colours.recolour({ data, layout }, "light");
    const { clientWidth: width, clientHeight: height } = graph;
    metrics.draws.atOnce(graph, light.data, { ...light.layout, width, height });
    undo.push(() => metrics.draws.atOnce(graph, data, layout));
  }

  function before() {
    if (undo.length) return;
    const theme = root.dataset.bsTheme ?? "light";
    root.dataset.bsTheme = "light";
    root.toggleAttribute("data-print", true);
    undo = [() => restore(theme)];
    metrics.draws.now();
    metrics.graphs.all().forEach(drawForPaper);
  }

  /** @param {string} theme */
  function restore(theme) {
    root.dataset.bsTheme = theme;
    root.removeAttribute("data-print");
  }

  function after() {
    for (const step of undo) step();
    undo = [];
  }

  window.addEventListener("beforeprint", before);
  window.addEventListener("afterprint", after);
})(window.metrics);
