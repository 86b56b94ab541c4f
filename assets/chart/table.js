/* Columns of an answer as a table: every column sorts, by its button. */
((metrics) => {
  const AT_ONCE = 200;
  const exact = new Intl.NumberFormat("en-US", { maximumFractionDigits: 6 });

  /**
   * @param {Cell} value
   * @param {string} kind - time (epoch ms), number or text
   * @param {string} [step] - of the buckets whose starts the moments are; without one they are said to the millisecond
   */
  function cellText(value, kind, step) {
    if (value === null || value === undefined) return "–";
    if (kind === "number") return exact.format(Number(value)).replace("-", "−");
    return kind === "time" ? timeText(Number(value), step) : String(value);
  }

  /**
   * @param {number} moment
   * @param {string} [step]
   */
  function timeText(moment, step) {
    const { zone } = /** @type {Answer} */ (metrics.answer);
    if (step) return metrics.time.bucket(moment, zone, step);
    return `${metrics.time.clock(moment, zone)}.${String(moment % 1000).padStart(3, "0")}`;
  }

  /**
   * @param {Cell} a
   * @param {Cell} b
   */
  function compare(a, b) {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  }

  /**
   * The places of values in their order. What there is none of comes last, and equal values stay as they came.
   * @param {Cell[]} values
   * @param {boolean} descending
   */
  function order(values, descending) {
    return values
      .map((_, place) => place)
      .sort((one, other) => {
        const [a, b] = [values[one], values[other]];
        if (a === null || b === null) return Number(a === null) - Number(b === null) || one - other;
        return (descending ? compare(b, a) : compare(a, b)) || one - other;
      });
  }

  /**
   * How it is sorted after a click on a column: numbers the largest first, and the other way round the second time.
   * @param {Sorting} present
   * @param {number} column
   * @param {string} kind
   * @returns {Sorting}
   */
  const sortedAnew = (present, column, kind) => ({
    column,
    descending: present.column === column ? !present.descending : kind === "number",
  });

  /**
   * @param {Column} column
   * @param {() => void} clicked
   */
  function headCell({ name, kind }, clicked) {
    const cell = metrics.dom.made("th", kind);
    cell.scope = "col";
    const button = metrics.dom.made("button", "", name);
    button.type = "button";
    button.addEventListener("click", clicked);
    cell.append(button);
    return cell;
  }

  /**
   * @param {Column[]} columns
   * @param {number} place
   * @param {string} [step]
   */
  function row(columns, place, step) {
    const line = metrics.dom.made("tr");
    columns.forEach(({ values, kind }, number) => {
      const cell = metrics.dom.made(number === 0 ? "th" : "td", kind, cellText(values[place], kind, step));
      if (number === 0) cell.scope = "row";
      line.append(cell);
    });
    return line;
  }

  /**
   * @param {HTMLTableRowElement} head
   * @param {Sorting} sorting
   */
  function markSorted(head, { column, descending }) {
    [...head.cells].forEach((cell, place) => {
      if (place === column) cell.setAttribute("aria-sort", descending ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  /**
   * @param {Column[]} columns
   * @param {string} caption
   * @param {{ newestFirst?: boolean, step?: string }} options
   */
  function table(columns, caption, { newestFirst = false, step }) {
    const element = metrics.dom.made("table", "data");
    element.append(metrics.dom.made("caption", "", caption));
    const head = element.createTHead().insertRow();
    const body = element.createTBody();
    let sorting = { column: 0, descending: newestFirst };

    /* The first rows at once, the rest when the browser has shown them. */
    function draw() {
      markSorted(head, sorting);
      const places = order(columns[sorting.column].values, sorting.descending);
      const rows = (/** @type {number[]} */ some) => some.map((place) => row(columns, place, step));
      body.replaceChildren(...rows(places.slice(0, AT_ONCE)));
      const drawn = sorting;
      const rest = () => drawn === sorting && body.append(...rows(places.slice(AT_ONCE)));
      if (places.length > AT_ONCE) requestAnimationFrame(() => setTimeout(rest, 0));
    }

    columns.forEach((column, place) => {
      const clicked = () => {
        sorting = sortedAnew(sorting, place, column.kind);
        draw();
      };
      head.append(headCell(column, clicked));
    });
    draw();
    return element;
  }

  const offered = { table, order, cellText, sortedAnew };
  metrics.table = offered;
  if (typeof module === "object") module.exports = offered;
})(globalThis.metrics);
