/* What people do to a chart that the address remembers: series switched off in its legend. */
(function (metrics, callbacks) {
  function drawing(chart) {
    return document.querySelector(`#card-${chart} .js-plotly-plot`);
  }

  /* restyleData of every graph → nothing */
  callbacks.legend = function () {
    const cause = window.dash_clientside.callback_context.triggered_id;
    if (!cause || !cause.chart) return;
    const graph = drawing(cause.chart);
    if (!graph) return;
    const off = graph.data.filter((trace) => trace.visible === "legendonly" && trace.legendgroup);
    const names = [...new Set(off.map((trace) => `${cause.chart}:${trace.legendgroup}`))];
    const others = metrics.url.getAll("hidden").filter((one) => !one.startsWith(cause.chart + ":"));
    metrics.url.go({ hidden: others.concat(names) }, { replace: true });
  };

  metrics.charts = { drawing };
})(window.metrics, window.dash_clientside.metrics);
