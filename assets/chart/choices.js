/* What people do to a chart that the address remembers: series switched off in its legend, its split, the scale. */
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

  /* Splits: split=login-rate:success; what the catalog declares is not said */

  function splits(link) {
    const [chart] = link.dataset.split.split(":");
    const others = metrics.url.getAll("split").filter((one) => !one.startsWith(chart + ":"));
    return { split: link.dataset.declared ? others : others.concat(link.dataset.split) };
  }

  function chosen(link) {
    const [chart] = link.dataset.split.split(":");
    const present = metrics.url.getAll("split").find((one) => one.startsWith(chart + ":"));
    return present === undefined ? Boolean(link.dataset.declared) : present === link.dataset.split;
  }

  /* Switches: data-switch="log" is log=1, or nothing */
  const switched = (link) => metrics.url.get(link.dataset.switch) === "1";
  const flipped = (link) => ({ [link.dataset.switch]: switched(link) ? "" : "1" });

  document.addEventListener("metrics:marked", () => {
    const mark = (link, on, changes) => {
      link.setAttribute("href", metrics.url.search(changes));
      if (on) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    };
    document.querySelectorAll("[data-split]").forEach((link) => mark(link, chosen(link), splits(link)));
    document.querySelectorAll("[data-switch]").forEach((link) => mark(link, switched(link), flipped(link)));
    const compare = metrics.url.get("compare");
    const label = document.getElementById("compare-label");
    if (label) label.textContent = compare ? `Compare: ${compare}` : "Compare";
    if (label) label.dataset.short = compare ? `vs ${compare}` : "Compare";
    const button = document.querySelector("#compare > summary");
    if (button) button.toggleAttribute("data-on", Boolean(compare));
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-split], [data-switch]");
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const open = link.closest("details[open]");
    if (open) {
      open.removeAttribute("open");
      open.querySelector("summary").focus();
    }
    metrics.url.go(link.dataset.split ? splits(link) : flipped(link));
  });

  metrics.charts = { drawing };
})(window.metrics, window.dash_clientside.metrics);
