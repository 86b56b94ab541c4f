/* The colours of one theme for those of another. */
((metrics) => {
  /** @param {string} theme → every colour of every theme, and what it is in this one */
  function table(theme) {
    const themes = metrics.page.colours;
    const pairs = Object.values(themes).flatMap((colours) =>
      Object.entries(colours).map(([name, colour]) => /** @type {[string, string]} */ ([colour, themes[theme][name]])),
    );
    return new Map(pairs);
  }

  /**
   * A figure in the colours of a theme, whichever it has now. Data arrays are shared, not copied.
   * @template Figure
   * @param {Figure} figure
   * @param {string} theme
   * @returns {Figure}
   */
  function recolour(figure, theme) {
    const colours = table(theme);
    /** @param {any} value @returns {any} */
    const walk = (value) => {
      if (typeof value === "string") return colours.get(value) || value;
      if (Array.isArray(value)) return typeof value[0] === "number" ? value : value.map(walk);
      if (value === null || typeof value !== "object" || ArrayBuffer.isView(value) || value.bdata) return value;
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, walk(inner)]));
    };
    return walk(figure);
  }

  const colours = { recolour };
  metrics.colours = colours;
  if (typeof module === "object") module.exports = colours;
})(globalThis.metrics);
