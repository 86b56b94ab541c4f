/* What a table's dialog offers beside its rows: search, copy, CSV. All of it is of the rows that are shown. */
((metrics) => {
  const { dom, notice } = metrics;
  const { SAID_FOR } = notice;

  /** @type {{ table: DataTable, name: string } | null} */
  let open = null;

  /**
   * @param {DataTable} table
   * @param {string} name - of its file
   */
  function offer(table, name) {
    open = { table, name };
    dom.find("details-tools").hidden = false;
    dom.field("details-search").value = "";
    count();
  }

  function withdraw() {
    open = null;
    dom.find("details-tools").hidden = true;
    dom.find("details-more").hidden = true;
  }

  function count() {
    if (open === null) return;
    const { table } = open;
    const [shown, all] = [table.count(), table.all].map((number) => number.toLocaleString("en-US"));
    dom.write(dom.find("details-count"), shown === all ? `${all} rows` : `${shown} of ${all} rows`);
  }

  document.addEventListener("input", (event) => {
    const field = dom.around(event, "#details-search");
    if (!field || open === null) return;
    open.table.search(/** @type {HTMLInputElement} */ (field).value);
    count();
  });

  async function copy() {
    if (open === null) return;
    try {
      await metrics.clipboard.write(metrics.rows.tabbed(open.table.lines()));
      notice.say("Rows copied", { lasts: SAID_FOR });
    } catch (error) {
      notice.say(/** @type {Error} */ (error).message, { tone: "bad", lasts: SAID_FOR });
    }
  }

  function save() {
    if (open === null) return;
    const name = `${open.name}.csv`;
    metrics.files.save(new Blob([metrics.rows.csv(open.table.lines())], { type: "text/csv" }), name);
    notice.say(`Saved ${name}`, { lasts: SAID_FOR });
  }

  document.addEventListener("click", (event) => {
    if (dom.around(event, "#details-copy")) copy();
    if (dom.around(event, "#details-csv")) save();
  });

  const tools = { offer, withdraw };
  metrics.tools = tools;
  if (typeof module === "object") module.exports = tools;
})(globalThis.metrics);
