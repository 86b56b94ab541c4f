/* Text into the clipboard. */
((metrics) => {
  /**
   * Pages that are not served securely have no clipboard; a selected field can still be copied.
   * @param {string} text
   */
  function fromField(text) {
    const field = metrics.dom.made("textarea", "unseen");
    field.value = text;
    /* Beneath a dialog nothing can be selected. */
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("This browser can’t copy.");
  }

  /** @param {string} text */
  async function write(text) {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else fromField(text);
  }

  const clipboard = { write };
  metrics.clipboard = clipboard;
  if (typeof module === "object") module.exports = clipboard;
})(globalThis.metrics);
