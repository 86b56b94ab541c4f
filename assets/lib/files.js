/* Files that the browser saves. */
((metrics) => {
  /**
   * @param {Blob} blob
   * @param {string} name
   */
  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  const files = { save };
  metrics.files = files;
  if (typeof module === "object") module.exports = files;
})(globalThis.metrics);
