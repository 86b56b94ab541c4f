/* Steps through time and the custom range. The server says where a step leads (answer.steps): it knows zones and days. */
(function (metrics, callbacks) {
  document.addEventListener("click", (event) => {
    const step = event.target.closest("[data-go]");
    if (step && metrics.answer) metrics.url.go(metrics.answer.steps[step.dataset.go]);
    const around = event.target.closest("[data-around]");
    if (around) {
      event.preventDefault();
      const moment = Date.parse(around.dataset.around);
      metrics.url.go({ from: metrics.time.iso(moment - 1800000), to: metrics.time.iso(moment + 1800000) });
    }
  });

  /* Opened: the fields show the range that is drawn now. */
  document.addEventListener("toggle", (event) => {
    if (event.target.id !== "custom-range" || !event.target.open || !metrics.answer) return;
    const { start, end, zone } = metrics.answer;
    window.dash_clientside.set_props("range-from", { value: metrics.time.toWall(start, zone) });
    window.dash_clientside.set_props("range-to", { value: metrics.time.toWall(end, zone) });
    document.getElementById("range-zone").textContent = zone;
    document.getElementById("range-problem").textContent = "";
  }, true);

  /* range-apply.n_clicks, both fields' n_submit, both values → the problem, if any */
  callbacks.applyRange = function (clicks, fromSubmits, toSubmits, from, to) {
    if (!clicks && !fromSubmits && !toSubmits) return "";
    if (!from || !to) return "Give both a date and a time.";
    const zone = metrics.answer ? metrics.answer.zone : "UTC";
    const start = metrics.time.fromWall(from, zone);
    const end = metrics.time.fromWall(to, zone);
    if (!(start < end)) return "The start must lie before the end.";
    document.getElementById("custom-range").removeAttribute("open");
    metrics.url.go({ from: metrics.time.iso(start), to: metrics.time.iso(end) });
    return "";
  };
})(window.metrics, window.dash_clientside.metrics);
