/* Links that change the address: each has it as its href, and is marked where it holds already.
 *
 * Files add kinds of links (data-set, data-split, data-switch): which they are, and what they change. */
((metrics) => {
  /** @type {LinkKind[]} */
  const kinds = [];

  /** @param {LinkKind} kind */
  const add = (kind) => kinds.push(kind);

  /* Give every link its address, and mark the ones that hold. */
  function mark() {
    for (const kind of kinds) {
      for (const link of metrics.dom.all(kind.selector)) markOne(kind, link);
    }
    metrics.events.announce("marked");
  }

  /**
   * @param {LinkKind} kind
   * @param {HTMLElement} link
   */
  function markOne(kind, link) {
    link.setAttribute("href", metrics.url.search(kind.changes(link)));
    if (kind.holds(link)) link.setAttribute("aria-current", link.dataset.current || "true");
    else link.removeAttribute("aria-current");
  }

  /** @param {MouseEvent} event - whether it is no wish for another tab or window */
  const isPlain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

  document.addEventListener("click", (event) => {
    const kind = kinds.find(({ selector }) => metrics.dom.around(event, selector));
    const link = kind && metrics.dom.around(event, kind.selector);
    if (!link || !isPlain(event)) return;
    event.preventDefault();
    metrics.menus.leave(link);
    metrics.url.go(kind.changes(link));
  });

  const links = { add, mark };
  metrics.links = links;
  if (typeof module === "object") module.exports = links;
})(globalThis.metrics);
