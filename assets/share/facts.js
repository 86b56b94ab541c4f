/* What a picture says of itself in words: below the chart, and in the file. */
((metrics) => {
  /**
   * @param {string[]} ids - the charts of the picture
   * @returns {Fact[]}
   */
  function hidden(ids) {
    const names = metrics.url.getAll("hidden").filter((one) => ids.includes(one.slice(0, one.indexOf(":"))));
    if (!names.length) return [];
    const shown = ids.length > 1 ? names : names.map((one) => one.slice(one.indexOf(":") + 1));
    return [["Hidden series", `hidden: ${shown.join(", ")}`]];
  }

  /**
   * A fact of its own, such as the longer buckets of bars, takes the place of the tab's; an empty one takes it away.
   * @param {About} about
   * @param {AboutChart} chart
   * @returns {Fact[]}
   */
  const ofChart = (about, chart) =>
    [...new Map([...about.facts, ...chart.facts, ...hidden([chart.id])])].filter(([, text]) => text);

  /** @param {About} about */
  const ofTab = (about) => [
    ...about.facts,
    ...about.charts.flatMap(named),
    ...hidden(about.charts.map(({ id }) => id)),
  ];

  /**
   * @param {AboutChart} chart
   * @returns {Fact[]}
   */
  const named = (chart) =>
    chart.facts
      .filter(([, text]) => text)
      .map(([name, text]) => [`${name} of ${chart.title}`, `${chart.title} ${text}`]);

  /** @param {AboutChart} chart */
  const headline = (chart) => chart.headline.map(([, text]) => text).join(" ");

  /**
   * The texts of the file, by keyword: the PNG specification's own, then every fact.
   * @param {string} title
   * @param {string} spoken
   * @param {Fact[]} facts
   * @param {string} link
   * @returns {[keyword: string, text: string][]}
   */
  function texts(title, spoken, facts, link) {
    const description = [spoken, ...facts.map(([, text]) => text)].filter(Boolean).join(" · ");
    return [
      ["Title", title],
      ["Description", description],
      ["Software", "metrics_dash"],
      ["Creation Time", metrics.time.iso(Math.floor(Date.now() / 1000) * 1000)],
      ["Source", link],
      ...facts,
    ];
  }

  const facts = { ofChart, ofTab, headline, texts };
  metrics.facts = facts;
  if (typeof module === "object") module.exports = facts;
})(globalThis.metrics);
