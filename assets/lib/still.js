/* What an element has within it for good comes as text (data-still, layouts/static.py), and is built here as soon as the
 * element stands on the page: a card's menu, the place of its crosshair. Dash, which goes through all of its components at
 * every answer, knows nothing of it.
 *
 * What an answer does change, and that is too much for Dash, comes in the same way (data-settles), and settles into the
 * place beside it: nothing that stays is made anew, so that no tick scrolls a table, ends a selection, or takes the focus or a
 * screen reader out of it. */
((metrics) => {
  const ATTRIBUTE = "data-still";
  const SETTLES = "data-settles";
  const EITHER = `[${ATTRIBUTE}], [${SETTLES}]`;

  /** @param {Element} element */
  function build(element) {
    const text = element.getAttribute(SETTLES);
    if (text === null) element.innerHTML = element.getAttribute(ATTRIBUTE) ?? "";
    else settleBeside(element, text);
  }

  /**
   * @param {Element} element
   * @param {string} text
   */
  function settleBeside(element, text) {
    const place = element.closest(".listing")?.querySelector(".ranking");
    const next = document.createElement("template");
    next.innerHTML = text;
    if (place) settle(place, next.content);
  }

  /**
   * Makes what is within an element as it is within another, and leaves what is so already.
   * @param {Node} element
   * @param {Node} next - what of it is new is taken out of it
   */
  function settle(element, next) {
    const wanted = [...next.childNodes];
    while (element.childNodes.length > wanted.length) element.lastChild?.remove();
    wanted.forEach((one, place) => {
      const present = element.childNodes[place];
      if (!present) element.appendChild(one);
      else if (present.nodeName !== one.nodeName) present.replaceWith(one);
      else if (present instanceof Element && one instanceof Element) become(present, one);
      else if (present.nodeValue !== one.nodeValue) present.nodeValue = one.nodeValue;
    });
  }

  /**
   * @param {Element} present
   * @param {Element} next
   */
  function become(present, next) {
    for (const name of present.getAttributeNames()) if (!next.hasAttribute(name)) present.removeAttribute(name);
    for (const { name, value } of next.attributes)
      if (present.getAttribute(name) !== value) present.setAttribute(name, value);
    settle(present, next);
  }

  /** @param {Node} node */
  function buildWithin(node) {
    if (!(node instanceof HTMLElement)) return;
    if (node.matches(EITHER)) build(node);
    for (const element of metrics.dom.all(EITHER, node)) build(element);
  }

  /* A card may become that of another chart. */
  const changed = new MutationObserver((changes) => {
    for (const { type, target, addedNodes } of changes) {
      if (type === "attributes") build(/** @type {Element} */ (target));
      else if (target instanceof HTMLElement) addedNodes.forEach(buildWithin);
    }
  });
  changed.observe(metrics.dom.find("react-entry-point"), {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: [ATTRIBUTE, SETTLES],
  });
})(window.metrics);
