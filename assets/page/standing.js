/* An answer and what it brings are on the page in one moment: title, tabs and range are of the cards that stand below.
 *
 * Dash tells of an answer by a callback, once it has put all of it on the page, a while later; and not at all where
 * somebody asks for something else in between. So each answer brings its number too (callbacks/refresh.py), and whoever
 * puts that on the page with all else says so before the browser paints. */
((metrics, callbacks) => {
  /* What Dash was given last. It may never put it on the page: it drops what was asked for anew meanwhile. */
  /** @type {Answer | null} */
  let given = null;
  /** @type {Element | null} */
  let watched = null;
  let stood = 0;

  /** @param {Answer} answer */
  function give(answer) {
    given = answer;
    const stamp = metrics.dom.maybe("stamp");
    if (stamp === watched || !stamp) return;
    watched = stamp;
    observer.disconnect();
    observer.observe(stamp, { childList: true, characterData: true, subtree: true });
  }

  const observer = new MutationObserver(() => {
    if (given && watched?.textContent === String(given.number)) stand(given);
  });

  /** @param {Answer} answer - once, whoever says first that it is on the page */
  function stand(answer) {
    if (answer.number && answer.number === stood) return;
    stood = answer.number;
    metrics.events.announce("standing", answer);
  }

  /* answer.data → nothing; where a page has no stamp */
  callbacks.answered = (data) => {
    if (data) stand(data);
  };

  const standing = { give };
  metrics.standing = standing;
  if (typeof module === "object") module.exports = standing;
})(window.metrics, window.dash_clientside.metrics);
