/* Elements of the page, by id and by selector. */
((metrics) => {
  /**
   * An element that the page always has.
   * @param {string} id
   * @returns {HTMLElement}
   */
  const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

  /**
   * An element that stands on the page only at times, or only once it is built.
   * @param {string} id
   */
  const maybe = (id) => document.getElementById(id);

  /** @param {string} id */
  const field = (id) => /** @type {HTMLInputElement} */ (find(id));

  /** @param {string} id */
  const dialog = (id) => /** @type {HTMLDialogElement} */ (find(id));

  /**
   * @param {string} selector
   * @param {ParentNode} [within]
   * @returns {HTMLElement[]}
   */
  const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));

  /**
   * What an event happened in, itself included; null where it happened elsewhere.
   * @param {Event} event
   * @param {string} selector
   * @returns {HTMLElement | null}
   */
  function around(event, selector) {
    const target = /** @type {any} */ (event.target);
    return target?.closest ? target.closest(selector) : null;
  }

  /**
   * @template {keyof HTMLElementTagNameMap} Tag
   * @param {Tag} tag
   * @param {string} [className]
   * @param {string} [text]
   */
  function made(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  /**
   * Writes only what is new: a text that stays is nothing for screen readers and for the browser to do.
   * @param {HTMLElement | null} element
   * @param {string} text
   */
  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  const dom = { find, maybe, field, dialog, all, around, made, write };
  metrics.dom = dom;
  if (typeof module === "object") module.exports = dom;
})(globalThis.metrics);
