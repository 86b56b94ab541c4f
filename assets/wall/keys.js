/* Keys of a wall: what comes next or came before, which then stays for a while; stay and go on; the way out. */
((metrics) => {
  /** @type {Record<string, () => void>} */
  const KEYS = {
    ArrowRight: () => metrics.rotation.turn(1),
    ArrowLeft: () => metrics.rotation.turn(-1),
    Escape: () => metrics.url.go({ kiosk: "", value: "" }),
    " ": () => (metrics.rotation.isHeld() ? metrics.rotation.release() : metrics.rotation.hold()),
  };

  /* After the page's keys (page/keyboard.js), which may await one more. A dialog has its own. */
  window.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !metrics.url.isKiosk()) return;
    if (document.querySelector("dialog[open]")) return;
    if (!KEYS[event.key] || metrics.dom.around(event, "input, select, textarea, [contenteditable]")) return;
    event.preventDefault();
    KEYS[event.key]();
  });
})(window.metrics);
