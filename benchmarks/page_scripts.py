"""What the page's benchmark runs in the browser: when something is on the screen, and how long it took."""

# When the first number and the first chart are on the screen, in ms since the navigation began.
FIRSTS = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".card .number:not(.skeleton)")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstNumber = performance.now(); });
}).observe(document, { subtree: true, childList: true });
new MutationObserver((_, observer) => {
  if (!document.querySelector(".js-plotly-plot .scatterlayer .trace path.js-line[d]")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstChart = performance.now(); });
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["d"] });
"""

# From the click on a tab until all of its charts are drawn, in ms.
SWITCH = """
(tab) => new Promise((done) => {
  const began = performance.now();
  const observer = new MutationObserver(() => {
    const cards = document.querySelectorAll(`#grid-${tab} .card`).length;
    const drawn = document.querySelectorAll(`#grid-${tab} .js-plotly-plot .trace`);
    const charts = new Set([...drawn].map((trace) => trace.closest(".card")));
    if (!cards || charts.size < cards) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  observer.observe(document.getElementById("board"), { subtree: true, childList: true });
  document.getElementById(`tab-${tab}`).click();
})
"""

# From the click on a tab until each chart in sight is drawn, and from a jump to the tab's end, while the others still
# wait, until each that is in sight there is; in ms. A blank chart in sight counts as one that is not drawn.
SIGHTS = """
async (tab) => {
  const isInSight = (card) => {
    const { top, bottom } = card.getBoundingClientRect();
    return bottom > 0 && top < innerHeight;
  };
  const drawn = (began) => new Promise((done) => {
    const look = () => {
      const cards = [...document.querySelectorAll(`#grid-${tab} .card`)].filter(isInSight);
      const all = cards.length > 0 && cards.every((card) => card.querySelector(".js-plotly-plot .trace"));
      if (all) done(performance.now() - began);
      else requestAnimationFrame(look);
    };
    look();
  });
  document.querySelector("#board .card").scrollIntoView({ behavior: "instant" });
  const clicked = performance.now();
  document.getElementById(`tab-${tab}`).click();
  const first = await drawn(clicked);
  const jumped = performance.now();
  document.querySelector(`#grid-${tab} .card:last-child`).scrollIntoView({ behavior: "instant" });
  return [first, await drawn(jumped)];
}
"""

# ``count`` ticks one after the other, each until every chart is drawn anew; their durations in ms.
TICKS = """
async (count) => {
  const graphs = [...document.querySelectorAll(".js-plotly-plot")];
  const once = (graph) => new Promise((done) => {
    const drawn = () => { graph.removeListener("plotly_afterplot", drawn); done(); };
    graph.on("plotly_afterplot", drawn);
  });
  const took = [];
  for (let tick = 0; tick < count; tick += 1) {
    const began = performance.now();
    const drawn = Promise.all(graphs.map(once));
    metrics.events.announce("ask", { reason: "tick" });
    await drawn;
    took.push(performance.now() - began);
  }
  return took;
}
"""


# A script that gives a promise: what came of it is kept, so that Playwright can wait for it with a deadline.
KEEPING = """
(argument) => {
  window.measured = null;
  (SCRIPT)(argument).then(
    (value) => { window.measured = { value }; },
    (error) => { window.measured = { error: String(error) }; },
  );
}
"""
