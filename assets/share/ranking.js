/* A card's table of values (layouts/ranking.py) in a picture: read off the page, and drawn as rows of text. */
((metrics) => {
  const ROW = 26;
  const SIZE = 13;
  const GAP = 14;
  const PAD = 8;
  const LINE = { width: 96, height: 18 };
  /* The parts of a small line: what is finished, what is not, and what stands alone. */
  const STROKES = [
    { part: "path:not([class~=open], [class~=lone])", width: 1.3, dashes: [] },
    { part: "path.open", width: 1.3, dashes: [2, 3] },
    { part: "path.lone", width: 3, dashes: [] },
  ];
  const ELLIPSIS = "…";

  /**
   * The table of a chart as it stands there now; null where its card has none.
   * @param {string} chart
   * @returns {Ranking | null}
   */
  function read(chart) {
    const table = document.querySelector(`#card-${chart} .listing:not(:has(.message)) .ranking table`);
    if (!table) return null;
    const lines = metrics.dom.all("tr", table).map((line) => rowOf(/** @type {HTMLTableRowElement} */ (line)));
    return { rows: lines.filter((line) => line.cells.length > 0) };
  }

  /**
   * @param {HTMLTableRowElement} line
   * @returns {RankingRow}
   */
  function rowOf(line) {
    const cells = [...line.cells].filter((cell) => !cell.classList.contains("trend"));
    const bar = /** @type {HTMLElement | null} */ (line.querySelector("i"));
    return {
      cells: cells.map((cell) => ({ text: cell.textContent ?? "", kind: cell.className.split(" ").pop() ?? "" })),
      share: Number.parseFloat(bar?.style.width ?? "0") / 100,
      line: STROKES.map(({ part }) => line.querySelector(part)?.getAttribute("d") ?? ""),
      part: line.closest("tbody") ? "body" : line.closest("tfoot") ? "rest" : "head",
    };
  }

  /**
   * As many rows as there may be. The head and what all others have together stay; how many are left out is said.
   * @param {RankingRow[]} rows
   * @param {number} most
   * @returns {RankingRow[]}
   */
  function fitting(rows, most) {
    if (rows.length <= most) return rows;
    const kept = rows.filter(({ part }) => part !== "body");
    const body = rows.filter(({ part }) => part === "body");
    const shown = body.slice(0, Math.max(0, most - kept.length - 1));
    const text = `and ${body.length - shown.length} more`;
    const more = { cells: [{ text, kind: "level" }], share: 0, line: [], part: "body" };
    return [
      ...rows.filter(({ part }) => part === "head"),
      ...shown,
      more,
      ...rows.filter(({ part }) => part === "rest"),
    ];
  }

  /** @param {Ranking} ranking */
  const height = ({ rows }) => rows.length * ROW;

  /**
   * @param {Board} on
   * @param {Ranking} ranking
   * @param {Box} box
   */
  function draw(on, ranking, { x, y, width, height: room }) {
    const rows = fitting(ranking.rows, Math.max(3, Math.floor(room / ROW)));
    const widths = columns(on, rows);
    const right = x + width - LINE.width - GAP;
    const first = right - widths.reduce((sum, one) => sum + one + GAP, 0) - x;
    rows.forEach((row, at) => {
      drawRow(on, row, { x, y: y + at * ROW, width, height: ROW }, widths, first);
    });
  }

  /**
   * How wide the columns of numbers are.
   * @param {Board} on
   * @param {RankingRow[]} rows
   */
  function columns(on, rows) {
    const many = Math.max(...rows.map(({ cells }) => cells.length)) - 1;
    const style = { size: SIZE, weight: 600, colour: "" };
    return Array.from({ length: many }, (_, at) =>
      Math.max(...rows.map(({ cells }) => (cells[at + 1] ? on.width(cells[at + 1].text, style) : 0))),
    );
  }

  /**
   * @param {Board} on
   * @param {RankingRow} row
   * @param {Box} box
   * @param {number[]} widths
   * @param {number} first - room of the value
   */
  function drawRow(on, row, { x, y, width }, widths, first) {
    const { pen, colours } = on;
    const base = y + ROW / 2 + SIZE * 0.36;
    if (row.share > 0) {
      pen.fillStyle = colours["accent-soft"];
      pen.beginPath();
      pen.roundRect(x, y + 3, Math.max(2, Math.min(1, row.share) * first), ROW - 6, 4);
      pen.fill();
    }
    const [value, ...numbers] = row.cells;
    const style = styleOf(colours, row, value.kind);
    on.write(
      cut(value.text, first - 2 * PAD, (text) => on.width(text, style)),
      x + PAD,
      base,
      style,
    );
    let right = x + first;
    numbers.forEach(({ text, kind }, at) => {
      right += widths[at] + GAP;
      const own = styleOf(colours, row, kind);
      on.write(text, right - on.width(text, own), base, own);
    });
    drawLine(on, row.line, x + width - LINE.width, y + (ROW - LINE.height) / 2);
    pen.fillStyle = colours["line-soft"];
    pen.fillRect(x, y + ROW - 1, width, 1);
  }

  /**
   * A text in its room; what there is none for is an ellipsis.
   * @param {string} text
   * @param {number} room
   * @param {(text: string) => number} width
   */
  function cut(text, room, width) {
    if (width(text) <= room) return text;
    const letters = [...text];
    while (letters.length && width(letters.join("") + ELLIPSIS) > room)
      letters.length = Math.min(letters.length - 1, Math.ceil(letters.length * 0.9));
    return letters.join("") + ELLIPSIS;
  }

  /**
   * @param {Record<string, string>} colours
   * @param {RankingRow} row
   * @param {string} kind
   * @returns {TextStyle}
   */
  function styleOf(colours, row, kind) {
    /** @type {Record<string, string>} */
    const tones = { good: colours.ok, met: colours.ok, bad: colours.bad, warned: colours.warn, level: colours.faint };
    const plain = row.part === "body" && ["value", "amount"].includes(kind) ? colours.text : colours.muted;
    const weight = row.part !== "head" && ["amount", "met", "warned"].includes(kind) ? 600 : 400;
    return { size: row.part === "head" ? SIZE - 1 : SIZE, weight, colour: tones[kind] ?? plain };
  }

  /**
   * @param {Board} on
   * @param {string[]} paths - one for each of `STROKES`
   * @param {number} x
   * @param {number} y
   */
  function drawLine({ pen, colours }, paths, x, y) {
    pen.save();
    pen.translate(x, y);
    pen.strokeStyle = colours.accent;
    pen.lineJoin = "round";
    pen.lineCap = "round";
    paths.forEach((path, at) => {
      const line = new Path2D();
      line.addPath(new Path2D(path), new DOMMatrix().scale(LINE.width / 120, LINE.height / 24));
      pen.lineWidth = STROKES[at].width;
      pen.setLineDash(STROKES[at].dashes);
      pen.stroke(line);
    });
    pen.restore();
  }

  const ranking = { read, height, draw, fitting, cut };
  metrics.ranking = ranking;
  if (typeof module === "object") module.exports = ranking;
})(globalThis.metrics);
