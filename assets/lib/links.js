/* Links that change the address: each has it as its href, and is marked where it holds already: with aria-current where
 * the picture is of it, with data-pending where it was asked for and the picture is another one yet.
 *
 * Files add kinds of links (data-set, data-split, data-switch): which they are, and what they change. */
((metrics) => {
  /** @type {LinkKind[]} */
  const kinds = [];

  /** @param {LinkKind} kind */
  const add = (kind) => kinds.push(kind);

  /* Give every link its address, and mark the ones that hold. */
  function mark() {
    const drawn = metrics.url.of(metrics.shown.address());
    /* What is passed over in the address was asked for, and nothing of it is still to come. */
    const asked = metrics.shown.isPending() ? metrics.url.of(location.search) : drawn;
    metrics.dom.maybe("board")?.toggleAttribute("data-waiting", metrics.shown.isPending());
    for (const kind of kinds) {
      for (const link of metrics.dom.all(kind.selector)) markOne(kind, link, drawn, asked);
    }
    metrics.events.announce("marked", { drawn, asked });
  }

  /**
   * @param {LinkKind} kind
   * @param {HTMLElement} link
   * @param {Address} drawn
   * @param {Address} asked
   */
  function markOne(kind, link, drawn, asked) {
    /* What is written anew, the browser styles anew, though it be the same. */
    const address = metrics.url.search(kind.changes(link));
    if (link.getAttribute("href") !== address) link.setAttribute("href", address);
    const holds = kind.holds(link, drawn);
    const current = link.dataset.current || "true";
    if (!holds) link.removeAttribute("aria-current");
    else if (link.getAttribute("aria-current") !== current) link.setAttribute("aria-current", current);
    link.toggleAttribute("data-pending", !holds && asked !== drawn && kind.holds(link, asked));
  }

  /**
   * Marks what is no link, likewise.
   * @param {Element | null} element
   * @param {boolean} on
   * @param {boolean} pending
   */
  function light(element, on, pending) {
    element?.toggleAttribute("data-on", on);
    element?.toggleAttribute("data-pending", pending);
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

  const links = { add, mark, light };
  metrics.links = links;
  if (typeof module === "object") module.exports = links;
})(globalThis.metrics);
