/* The foot of a card: how many of its chart's own events were refused, and why. */
((_, callbacks) => {
  callbacks.refused = (/** @type {Figure | null} */ figure) => {
    const text = figure?.layout?.meta?.refusedInAll ?? "";
    return [text, !text];
  };
})(globalThis.metrics, window.dash_clientside?.metrics ?? {});
