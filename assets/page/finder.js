/* Find a tab or a chart by typing (layouts/finder.py): every word of what is typed stands in its name, or its tab's. */
((metrics) => {
  const AT_MOST = 12;
  const LOOK_EVERY = 40;
  const DRAWN_WITHIN = 5000;
  const { dom } = metrics;

  /**
   * What fits: what begins with the text first, tabs before charts, else as the catalog has it.
   * @param {Findable[]} all
   * @param {string} text
   */
  function found(all, text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    /** @param {Findable} one */
    const fits = (one) => words.every((word) => `${one.title} ${one.under}`.toLowerCase().includes(word));
    /** @param {Findable} one */
    const begins = (one) => one.title.toLowerCase().startsWith(words.join(" "));
    const fitting = all.filter(fits);
    return [...fitting.filter(begins), ...fitting.filter((one) => !begins(one))].slice(0, AT_MOST);
  }

  /** @returns {Findable[]} */
  function everything() {
    const { tabs, charts } = metrics.page;
    const titles = new Map(tabs.map(({ id, title }) => [id, title]));
    return [
      ...tabs.map(({ id, title }) => ({ tab: id, chart: "", title, under: "" })),
      ...charts.map(({ id, tab, title }) => ({ tab, chart: id, title, under: titles.get(tab) ?? "" })),
    ];
  }

  const sheet = () => dom.dialog("finder");

  const options = () => dom.all("#finder-list > li");

  /** @type {Findable[]} */
  let listed = [];
  let present = 0;

  function list() {
    listed = found(everything(), dom.field("finder-text").value);
    const items = listed.map((one, place) => {
      const item = dom.made("li");
      item.id = `found-${place}`;
      item.setAttribute("role", "option");
      item.append(dom.made("span", "", one.title), dom.made("small", "", one.under || "Tab"));
      return item;
    });
    dom.find("finder-list").replaceChildren(...items);
    dom.find("finder-none").textContent = items.length ? "" : "No tab and no chart is called that.";
    point(0);
  }

  /** @param {number} place */
  function point(place) {
    const all = options();
    present = all.length ? (place + all.length) % all.length : 0;
    all.forEach((item, at) => {
      item.setAttribute("aria-selected", String(at === present));
    });
    const text = dom.field("finder-text");
    if (all.length) text.setAttribute("aria-activedescendant", all[present].id);
    else text.removeAttribute("aria-activedescendant");
    all[present]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Findable | undefined} one */
  function choose(one) {
    if (!one) return;
    sheet().close();
    /** @type {HTMLElement | null} */ (document.querySelector(".card[data-full] .leave-full"))?.click();
    metrics.url.go({ tab: one.tab });
    if (one.chart) lookFor(one.chart, performance.now());
  }

  /* Its card may not stand yet. */
  /** @param {string} chart @param {number} since */
  function lookFor(chart, since) {
    const card = dom.maybe(`card-${chart}`);
    if (card) {
      card.scrollIntoView({ block: "center" });
      dom.maybe(`reader-${chart}`)?.focus({ preventScroll: true });
    } else if (performance.now() - since < DRAWN_WITHIN) setTimeout(() => lookFor(chart, since), LOOK_EVERY);
  }

  function open() {
    const text = dom.field("finder-text");
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-expanded": "true",
      "aria-autocomplete": "list",
      "aria-controls": "finder-list",
    }))
      text.setAttribute(name, value);
    sheet().showModal();
    text.focus();
    text.select();
    list();
  }

  document.addEventListener("input", (event) => {
    if (dom.around(event, "#finder-text")) list();
  });

  document.addEventListener("keydown", (event) => {
    if (!dom.around(event, "#finder-text")) return;
    if (event.key === "ArrowDown") point(present + 1);
    else if (event.key === "ArrowUp") point(present - 1);
    else if (event.key === "Enter") choose(listed[present]);
    else return;
    event.preventDefault();
  });

  document.addEventListener("click", (event) => {
    const item = dom.around(event, "#finder-list > li");
    if (item) choose(listed[options().indexOf(item)]);
    else if (dom.around(event, "#finder-open")) open();
    else if (dom.around(event, "[data-close=finder]") || event.target === dom.maybe("finder")) sheet().close();
  });

  const finder = { found, open };
  metrics.finder = finder;
  if (typeof module === "object") module.exports = finder;
})(globalThis.metrics);
