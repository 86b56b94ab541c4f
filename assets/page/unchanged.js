/* What an answer says as the one before did: Dash needn't hear of it. It would build anew what stands there already, and
 * look through all of it for what else may depend on it. Of a tick that is most of what is not drawn. */
((metrics) => {
  /* What the cards that stand were told last, by the ids of Dash.
     @type {Map<string, string>} */
  const told = new Map();

  /**
   * Takes out of an answer what the page has already.
   * @param {Record<string, Record<string, unknown>>} parts - what it brings, by the ids of Dash
   * @param {Answer["brings"]} brings
   */
  function leaveOut(parts, brings) {
    if (brings === "cards") return told.clear();
    for (const [id, { children }] of Object.entries(parts)) {
      if (children === undefined) continue;
      const words = JSON.stringify(children);
      if (told.get(id) === words) delete parts[id];
      else told.set(id, words);
    }
  }

  const unchanged = { leaveOut };
  metrics.unchanged = unchanged;
  if (typeof module === "object") module.exports = unchanged;
})(globalThis.metrics);
