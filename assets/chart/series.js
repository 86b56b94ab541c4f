/* A chart's series as switches in its menu: what a click on the legend does, for keys and for screen readers. */
(function (metrics) {
  function groups(graph) {
    const found = new Map();
    graph._fullData.forEach((trace, place) => {
      if (!trace.legendgroup || trace.meta === "anchor") return;
      const group = found.get(trace.legendgroup) || { name: trace.legendgroup, places: [], off: false };
      group.places.push(place);
      if (trace.showlegend) Object.assign(group, { name: trace.name, off: trace.visible === "legendonly" });
      found.set(trace.legendgroup, group);
    });
    return [...found.values()];
  }

  function made(graph, group) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = group.name;
    button.setAttribute("aria-pressed", String(!group.off));
    button.addEventListener("click", () => {
      group.off = !group.off;
      button.setAttribute("aria-pressed", String(!group.off));
      window.Plotly.restyle(graph, { visible: group.off ? "legendonly" : true }, group.places);
    });
    return button;
  }

  document.addEventListener("toggle", (event) => {
    const list = event.target.open && event.target.querySelector && event.target.querySelector("[data-series]");
    if (!list) return;
    const graph = metrics.charts.drawing(list.dataset.series);
    const found = graph && graph._fullLayout ? groups(graph) : [];
    list.hidden = found.length < 2;
    list.replaceChildren(...found.map((group) => made(graph, group)));
  }, true);
})(window.metrics);
