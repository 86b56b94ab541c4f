/* Sheets that open from a button (details.menu): one at a time, closed by Escape and by a click elsewhere. */
((metrics) => {
  const opened = () => metrics.dom.all("details.menu[open]");

  /** @param {Element} menu */
  const opener = (menu) => /** @type {HTMLElement} */ (menu.querySelector("summary"));

  /** @param {Element} menu - closed, its button in focus */
  function close(menu) {
    menu.removeAttribute("open");
    opener(menu).focus();
  }

  /**
   * Closes the menu around an element, if there is one, and gives its button.
   * @param {Element} element
   * @param {{ focus: boolean }} [options] - focus: whether the button gets it
   */
  function leave(element, { focus } = { focus: true }) {
    const menu = element.closest("details[open]");
    if (menu === null) return null;
    if (focus) close(menu);
    else menu.removeAttribute("open");
    return opener(menu);
  }

  /** @param {Element} element - closes every open menu but the one around it */
  function closeOthers(element) {
    for (const menu of opened()) {
      if (!menu.contains(element)) menu.removeAttribute("open");
    }
  }

  document.addEventListener("click", (event) => closeOthers(/** @type {Element} */ (event.target)));

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") opened().forEach(close);
  });

  const menus = { leave, close };
  metrics.menus = menus;
  if (typeof module === "object") module.exports = menus;
})(globalThis.metrics);
