/* Steps through time: back, forward, out, pause, the way back to live, and what lies around a moment.
 *
 * The server says where a step leads (answer.steps). */
((metrics) => {
  const HALF_AN_HOUR = 1800000;
  const { url } = metrics;
  const { find, maybe, around } = metrics.dom;

  document.addEventListener("click", (event) => {
    const button = around(event, "[data-go]");
    if (button) go(button);
    const near = around(event, "[data-around]");
    if (!near) return;
    event.preventDefault();
    const moment = Date.parse(near.dataset.around ?? "");
    url.go(metrics.range.between(moment - HALF_AN_HOUR, moment + HALF_AN_HOUR));
  });

  /** @param {HTMLElement} button */
  function go(button) {
    const focused = button === document.activeElement;
    metrics.menus.leave(button);
    metrics.range.step(button.dataset.go ?? "");
    if (focused && button.id === "go-live") find("step-back").focus();
  }

  metrics.events.on("marked", ({ drawn, asked }) => {
    const live = maybe("go-live");
    if (live) live.hidden = drawn.isLive();
    live?.toggleAttribute("data-pending", asked.isLive() && !drawn.isLive());
    const pause = /** @type {HTMLButtonElement | null} */ (maybe("pause"));
    if (pause) pause.disabled = !drawn.isLive();
  });
})(window.metrics);
