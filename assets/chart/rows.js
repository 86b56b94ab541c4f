/* Rows of a table as text: what is searched, copied and saved is what is shown. */
((metrics) => {
  /* A spreadsheet takes a cell that begins so for a formula (OWASP, "CSV Injection"). */
  const FORMULA = /^(?:\s*[=+\-@＝＋－＠]|[\t\r\n])/;

  /**
   * Whether a row holds what is searched: each of the words, in any of its cells.
   * @param {string[]} cells
   * @param {string} wanted
   */
  function holds(cells, wanted) {
    const text = cells.join("\n").toLowerCase();
    return wanted
      .toLowerCase()
      .split(/\s+/)
      .every((word) => text.includes(word));
  }

  /**
   * A column's sum over some rows; null where it means nothing.
   * @param {Column} column
   * @param {number[]} places
   */
  function total({ values, adds }, places) {
    if (!adds) return null;
    const known = places.map((place) => values[place]).filter((value) => typeof value === "number");
    return known.length ? known.reduce((sum, value) => sum + /** @type {number} */ (value), 0) : null;
  }

  /**
   * A cell as programs read it: a moment in ISO 8601, a number with all of its digits.
   * @param {Cell} value
   * @param {string} kind
   */
  function plain(value, kind) {
    if (value === null || value === undefined) return "";
    return kind === "time" ? new Date(Number(value)).toISOString() : String(value);
  }

  /**
   * @param {Column[]} columns
   * @param {number[]} places
   * @returns {string[][]}
   */
  const lines = (columns, places) => [
    columns.map(({ name }) => name),
    ...places.map((place) => columns.map(({ values, kind }) => plain(values[place], kind))),
  ];

  /** @param {string} cell */
  const safe = (cell) => (FORMULA.test(cell) && Number.isNaN(Number(cell)) ? `'${cell}` : cell);

  /** @param {string} cell */
  const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

  /** @param {string[][]} rows - RFC 4180 */
  const csv = (rows) => rows.map((row) => `${row.map((cell) => quoted(safe(cell))).join(",")}\r\n`).join("");

  /** @param {string[][]} rows - what spreadsheets take from a clipboard */
  const tabbed = (rows) => rows.map((row) => row.map((cell) => safe(cell.replace(/\s+/g, " "))).join("\t")).join("\n");

  const rows = { holds, total, lines, csv, tabbed };
  metrics.rows = rows;
  if (typeof module === "object") module.exports = rows;
})(globalThis.metrics);
