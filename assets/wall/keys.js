/* Keys of a wall: another tab, which then stays for a while; stay and go on; the way out. */
((metrics) => {
  /** @type {Record<string, () => void>} */
  const KEYS = {
    ArrowRight: () => turn(1),
    ArrowLeft: () => turn(-1),
    Escape: () => metrics.url.go({ kiosk: "" }),
    " ": () => (metrics.rotation.isHeld() ? metrics.rotation.release() : metrics.rotation.hold()),
  };

  /** @param {number} step */
  function turn(step) {
    metrics.rotation.hold();
    metrics.rotation.show(metrics.rotation.neighbour(step).id);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !metrics.url.isKiosk()) return;
    if (!KEYS[event.key] || metrics.dom.around(event, "input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    KEYS[event.key]();
  });
})(window.metrics);
