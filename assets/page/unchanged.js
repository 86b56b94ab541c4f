/* What an answer says as the one before did: Dash needn't hear of it. It would build anew what stands there already, and
 * look through all of it for what else may depend on it. Of a tick that is most of what is not drawn. */
((metrics) => {
  /* What stands on the page, by the ids of Dash, in JSON. */
  /** @type {Map<string, string>} */
  const told = new Map();
  /* What Dash was given and has not put on the page yet, if it ever does: it drops what was asked for anew meanwhile. */
  /** @type {{ number: number, said: Map<string, string>, anew: boolean } | null} */
  let given = null;

  /**
   * Takes out of an answer what the page has already.
   * @param {Record<string, Record<string, unknown>>} parts - what it brings, by the ids of Dash
   * @param {Pick<Answer, "number" | "brings">} answer
   */
  function leaveOut(parts, { number, brings }) {
    /* Nobody knows whether that stands there. */
    if (given) told.clear();
    const said = new Map();
    given = { number, said, anew: brings === "cards" };
    if (given.anew) return;
    for (const [id, { children }] of Object.entries(parts)) {
      if (children === undefined) continue;
      const words = JSON.stringify(children);
      if (told.get(id) === words) delete parts[id];
      else said.set(id, words);
    }
  }

  metrics.events.on("answer", (answer) => {
    if (!given || answer.number !== given.number) return;
    if (given.anew) told.clear();
    for (const [id, words] of given.said) told.set(id, words);
    given = null;
  });

  const unchanged = { leaveOut };
  metrics.unchanged = unchanged;
  if (typeof module === "object") module.exports = unchanged;
})(globalThis.metrics);
