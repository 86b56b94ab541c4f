/* What an element has within it for good comes as text (data-still, layouts/static.py), and is built here as soon as the
 * element stands on the page: a card's menu, the place of its crosshair. Dash, which goes through all of its components at
 * every answer, knows nothing of it. */
((metrics) => {
  const ATTRIBUTE = "data-still";

  /** @param {Element} element */
  function build(element) {
    element.innerHTML = element.getAttribute(ATTRIBUTE) ?? "";
  }

  /** @param {Node} node */
  function buildWithin(node) {
    if (!(node instanceof HTMLElement)) return;
    if (node.hasAttribute(ATTRIBUTE)) build(node);
    for (const element of metrics.dom.all(`[${ATTRIBUTE}]`, node)) build(element);
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
    attributeFilter: [ATTRIBUTE],
  });
})(window.metrics);
