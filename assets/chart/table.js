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
    return kind === "time" ? momentParts(Number(value), step).filter(Boolean).join(" ") : String(value);
  }

  /**
   * Its day, and its time; of a bucket of days the day alone.
   * @param {number} moment
   * @param {string} [step]
   * @returns {[day: string, time: string]}
   */
  function momentParts(moment, step) {
    const { zone } = /** @type {Answer} */ (metrics.answer);
    if (step) {
      const [day, time = ""] = metrics.time.bucket(moment, zone, step).split(", ");
      return [day, time];
    }
    /* Never taken for today: the day is always there. */
    const [weekday, date, time] = metrics.time.clock(moment, zone, 0).split(" ");
    return [`${weekday} ${date}`, `${time}.${String(moment % 1000).padStart(3, "0")}`];
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
   * @param {number | undefined} above - the row above: a day that it says is not said again
   * @param {string} [step]
   */
  function row(columns, place, above, step) {
    const line = metrics.dom.made("tr");
    columns.forEach(({ values, kind, filter }, number) => {
      const cell = metrics.dom.made(number === 0 ? "th" : "td", kind);
      if (kind === "time") cell.append(...moment(values[place], above === undefined ? null : values[above], step));
      else if (filter && values[place] !== null)
        cell.append(metrics.filters.link(`${filter}:${values[place]}`, cellText(values[place], kind, step)));
      else cell.textContent = cellText(values[place], kind, step);
      if (number === 0) cell.scope = "row";
      line.append(cell);
    });
    return line;
  }

  /**
   * @param {Cell} value
   * @param {Cell} above
   * @param {string} [step]
   */
  function moment(value, above, step) {
    const [day, time] = momentParts(Number(value), step);
    const said = above !== null && time !== "" && momentParts(Number(above), step)[0] === day;
    const element = metrics.dom.made("span", said ? "day said" : "day", time ? `${day} ` : day);
    return [element, document.createTextNode(time)];
  }

  /**
   * @param {Column[]} columns
   * @param {number[]} places
   */
  function footOf(columns, places) {
    const line = metrics.dom.made("tr");
    columns.forEach((column, number) => {
      const sum = metrics.rows.total(column, places);
      const text = number === 0 ? "Total" : sum === null ? "" : cellText(sum, column.kind);
      const cell = metrics.dom.made(number === 0 ? "th" : "td", column.kind, text);
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
   * A table, with what its tools do: only rows that hold some words, and the rows that are shown.
   * @param {Column[]} columns
   * @param {string} caption
   * @param {{ sorting?: Sorting, step?: string }} options - sorted at first: by the first column where nothing is said
   * @returns {DataTable}
   */
  function table(columns, caption, { sorting = { column: 0, descending: false }, step }) {
    const element = metrics.dom.made("table", "data");
    element.append(metrics.dom.made("caption", "", caption));
    const head = element.createTHead().insertRow();
    const body = element.createTBody();
    const foot = columns.some(({ adds }) => adds) ? element.createTFoot() : null;
    /** @type {(place: number) => boolean} */
    let isWanted = () => true;
    /** @type {number[]} */
    let places = [];

    /* The first rows at once, the rest when the browser has shown them. */
    function draw() {
      markSorted(head, sorting);
      places = order(columns[sorting.column].values, sorting.descending).filter(isWanted);
      const rowsFrom = (/** @type {number} */ start, /** @type {number} */ end) =>
        places.slice(start, end).map((place, number) => row(columns, place, places[start + number - 1], step));
      body.replaceChildren(...rowsFrom(0, AT_ONCE));
      foot?.replaceChildren(footOf(columns, places));
      const drawn = places;
      const rest = () => drawn === places && body.append(...rowsFrom(AT_ONCE, places.length));
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

    /** @param {string} wanted */
    function search(wanted) {
      const cells = (/** @type {number} */ place) =>
        columns.map(({ values, kind }) => cellText(values[place], kind, step));
      isWanted = (place) => metrics.rows.holds(cells(place), wanted.trim());
      draw();
    }

    const lines = () => metrics.rows.lines(columns, places);
    return { element, search, lines, count: () => places.length, all: columns[0].values.length };
  }

  const offered = { table, order, cellText, sortedAnew };
  metrics.table = offered;
  if (typeof module === "object") module.exports = offered;
})(globalThis.metrics);
