/* An answer and what it brings are on the page in one moment: title, tabs and range are of the cards that stand below.
 *
 * Dash would tell of an answer by a callback, a while after it has put all of it on the page; and not at all where
 * somebody asks for something else in between. So each answer brings its number (callbacks/refresh.py), and whoever
 * puts that on the page with all else says so before the browser paints. */
((metrics) => {
  /* What Dash was given, and hasn't put on the page yet. It never may: it drops what was asked for anew meanwhile. */
  /** @type {Map<string, Answer>} */
  const given = new Map();
  /** @type {Element | null} */
  let watched = null;

  /** @param {Answer} answer */
  function give(answer) {
    given.set(String(answer.number), answer);
    const stamp = metrics.dom.maybe("stamp");
    if (stamp === watched || !stamp) return;
    watched = stamp;
    observer.disconnect();
    observer.observe(stamp, { childList: true, characterData: true, subtree: true });
  }

  const observer = new MutationObserver(() => {
    const answer = given.get(watched?.textContent ?? "");
    if (!answer) return;
    for (const number of given.keys()) if (Number(number) <= answer.number) given.delete(number);
    metrics.events.announce("standing", answer);
  });

  const standing = { give };
  metrics.standing = standing;
  if (typeof module === "object") module.exports = standing;
})(window.metrics);
