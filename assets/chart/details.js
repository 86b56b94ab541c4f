/* A closer look at a chart: its data as a table, and the raw events behind a point (routes/details.py). */
((metrics) => {
  /** @param {string} chart */
  const titleOf = (chart) => metrics.dom.maybe(`title-${chart}`)?.textContent ?? chart;

  /**
   * @param {string} chart
   * @param {HTMLElement} from
   */
  function showTable(chart, from) {
    const title = titleOf(chart);
    const about = metrics.dom.find("footer").firstChild?.textContent ?? "";
    metrics.dialog.present(
      { kind: "table", title, about, path: `chart/${chart}.json`, query: { res: metrics.graphs.stepOf(chart) } },
      from,
      ({ columns, step }) => {
        if (!columns.length) return metrics.dialog.say("No data available for this time range");
        const many = columns[0].values.length.toLocaleString("en-US");
        const isOfTime = columns[0].kind === "time";
        const caption = `${title}: ${many} ${isOfTime ? "buckets, newest" : "values, the greatest"} first`;
        const sorting = { column: isOfTime ? 0 : 1, descending: true };
        metrics.dialog.showTable(metrics.table.table(columns, caption, { sorting, step }), fileOf(chart));
      },
    );
  }

  /**
   * @param {string} chart
   * @param {string} [what]
   */
  const fileOf = (chart, what) =>
    [metrics.answer?.tab, chart, what, metrics.answer?.about.stem].filter(Boolean).join("_");

  /**
   * @param {MetricsEvents["point"]} point
   * @param {number} [limit]
   */
  function showEvents(point, limit) {
    const { chart, start, from } = point;
    const { zone } = /** @type {Answer} */ (metrics.answer);
    const step = metrics.graphs.stepOf(chart);
    const title = `${titleOf(chart)}, ${metrics.time.bucket(start, zone, step)}`;
    const about = `Raw events of this ${metrics.time.stepWords(step)} bucket`;
    const path = `chart/${chart}/events.json`;
    const query = { at: String(start), res: step, limit: limit ? String(limit) : "" };
    metrics.dialog.present({ kind: "events", title, about, path, query }, from, (answer) => {
      fillEvents(answer, { title, zone, name: fileOf(chart, "events") });
      offerMore(answer, point);
    });
  }

  /**
   * @param {{ more: boolean, count: number, atMost: number }} answer
   * @param {MetricsEvents["point"]} point
   */
  function offerMore({ more, count, atMost }, point) {
    const button = metrics.dom.find("details-more");
    button.hidden = !more || count >= atMost;
    button.onclick = () => showEvents(point, atMost);
  }

  /**
   * @param {{ columns: Column[], columnsLeftOut: number, count: number, more: boolean, gone: boolean, heldFrom: number | null }} answer
   * @param {{ title: string, zone: string, name: string }} about
   */
  function fillEvents({ columns, columnsLeftOut, count, more, gone, heldFrom }, { title, zone, name }) {
    const since = heldFrom && metrics.time.clock(heldFrom, zone);
    if (gone)
      return metrics.dialog.say("No raw events are held any more", `They are kept since ${since}. The buckets stay.`);
    if (!count)
      return metrics.dialog.say("No events in this bucket", since ? `Raw events are kept since ${since}.` : "");
    const number = count.toLocaleString("en-US");
    const words = more ? `The first ${number} events` : `${number} ${count === 1 ? "event" : "events"}`;
    const rest = columnsLeftOut ? `, without ${columnsLeftOut.toLocaleString("en-US")} rarer keys` : "";
    metrics.dialog.describe(`${words} of this bucket${since ? `, kept since ${since}` : ""}${rest}`);
    metrics.dialog.showTable(metrics.table.table(columns, title, {}), name);
  }

  metrics.events.on("point", (point) => showEvents(point));

  document.addEventListener("click", (event) => {
    const button = metrics.dom.around(event, "[data-open=table]");
    if (!button || !metrics.answer) return;
    showTable(button.dataset.chart ?? "", metrics.menus.leave(button, { focus: false }) ?? button);
  });
})(window.metrics);
