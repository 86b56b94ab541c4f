/* Said quietly at the edge of the page, and read out: what a button or a key did, or what it waits for. */
((metrics) => {
  /* Long enough to be read (ms). */
  const SAID_FOR = 6000;

  /** @type {number | undefined} */
  let silence;

  /**
   * @param {string} text - nothing: what was said is taken back
   * @param {{ tone?: "ok" | "bad", lasts?: number }} [options] - lasts: ms until it is taken back; else it stays
   */
  function say(text, { tone = "ok", lasts } = {}) {
    const notice = metrics.dom.find("notice");
    notice.textContent = text;
    notice.dataset.tone = tone;
    window.clearTimeout(silence);
    if (lasts) silence = window.setTimeout(() => say(""), lasts);
  }

  /** @param {string} text - taken back, unless something else has been said since */
  function unsay(text) {
    if (metrics.dom.find("notice").textContent === text) say("");
  }

  const notice = { say, unsay, SAID_FOR };
  metrics.notice = notice;
  if (typeof module === "object") module.exports = notice;
})(globalThis.metrics);
