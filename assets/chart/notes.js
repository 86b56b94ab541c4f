/* What somebody says of a moment (layouts/annotations.py), in words and as an item of a list. Every text is a text here,
 * whatever it holds. */
((metrics) => {
  const { dom } = metrics;
  const TOLD_AT_ONCE = 5;

  /**
   * "Sat 31 Jan, 12:00", "Sat 31 Jan, 12:00 to 13:00"
   * @param {Note} note
   * @param {string} zone
   */
  function when({ start, end }, zone) {
    const begins = metrics.time.bucket(start, zone, "1m");
    if (end === start) return begins;
    const ends = metrics.time.bucket(end, zone, "1m");
    const sameDay = begins.split(",")[0] === ends.split(",")[0];
    return `${begins} to ${sameDay ? ends.split(", ")[1] : ends}`;
  }

  /** @param {Note} note */
  const said = ({ title, text }) => [...new Set([title, text].filter(Boolean))].join(": ");

  /**
   * In one sentence, for who listens.
   * @param {NoteGroup} group
   * @param {string} zone
   */
  function spoken({ notes }, zone) {
    const told = notes.slice(0, TOLD_AT_ONCE).map((note) => `${when(note, zone)} ${said(note)}`);
    const rest = notes.length - TOLD_AT_ONCE;
    return told.join("; ") + (rest > 0 ? `; and ${rest} more` : "");
  }

  /** @param {string | null} url - only the web is led to, whatever the server lets in */
  const isWeb = (url) => url !== null && /^https?:\/\//i.test(url);

  /**
   * An annotation as an item of a list.
   * @param {Note} note
   * @param {string} zone
   * @param {boolean} leads - whether its address can be followed
   */
  function line(note, zone, leads) {
    const item = dom.made("li");
    item.append(dom.made("time", "", when(note, zone)));
    const words = leads && isWeb(note.url) ? dom.made("a") : dom.made("span");
    if (words instanceof HTMLAnchorElement) {
      words.href = note.url ?? "";
      words.target = "_blank";
      words.rel = "noopener noreferrer";
    }
    if (note.title) words.append(dom.made("b", "", note.title));
    if (note.text && note.text !== note.title) words.append(dom.made("span", "", note.text));
    item.append(words);
    const about = [...note.tags, note.source].filter(Boolean).join(" · ");
    if (about) item.append(dom.made("small", "", about));
    return item;
  }

  const notes = { TOLD_AT_ONCE, when, said, spoken, isWeb, line };
  metrics.notes = notes;
  if (typeof module === "object") module.exports = notes;
})(globalThis.metrics);
