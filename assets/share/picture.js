/* Pictures that stand alone, of one chart or of the whole tab, drawn in the browser: nothing is asked of the network.
 *
 * A picture is not a screenshot. The figures are drawn anew in the colours of the theme that was asked for, without
 * pointer, tooltip or buttons; around them stands what the server said about them (answer.about, layouts/export/about.py). */
((metrics) => {
  const PADDING = 28;
  const CHART = { width: 960, height: 540, leastPlot: 260 };
  const TAB_WIDTH = 1440;

  /** @param {string} tab */
  const titleOf = (tab) => metrics.page.tabs.find((one) => one.id === tab)?.title ?? tab;

  function known() {
    if (!metrics.answer?.about) throw new Error("There is no picture yet.");
    return metrics.answer;
  }

  /**
   * One chart → a PNG
   * @param {string} id
   * @param {string} theme
   */
  async function ofChart(id, theme) {
    const { blocks, drawing, facts } = metrics;
    const { about, tab } = known();
    metrics.draws.now();
    const chart = /** @type {AboutChart} */ (about.charts.find((one) => one.id === id));
    const link = metrics.share.link("absolute", theme);
    const said = facts.ofChart(about, chart);
    const on = metrics.canvas.board(theme);
    const room = CHART.width - 2 * PADDING;
    const above = blocks.head(on, chart, room);
    const below = blocks.foot(on, said, link, room);
    const around = 2 * PADDING + above.height + below.height;
    const figure = drawing.figureOf(chart, theme);
    const least = Math.max(CHART.leastPlot, drawing.heightOf(figure, CHART.leastPlot));
    const height = Math.max(CHART.height, around + least);
    const box = { x: PADDING, y: PADDING + above.height, width: room, height: height - around };
    const image = await drawing.plot(figure, box.width, box.height);
    on.open(CHART.width, height);
    above.draw(PADDING, PADDING);
    drawing.place(on, image, chart, box);
    below.draw(PADDING, height - PADDING - below.height);
    return drawing.finished(on, facts.texts(`${chart.title} · ${titleOf(tab)}`, facts.headline(chart), said, link));
  }

  /**
   * The whole tab → a PNG
   * @param {string} theme
   */
  async function ofTab(theme) {
    const { blocks, drawing, facts } = metrics;
    const { about, tab } = known();
    const { charts } = about;
    metrics.draws.now();
    const link = metrics.share.link("absolute", theme);
    const said = facts.ofTab(about);
    const on = metrics.canvas.board(theme);
    const room = TAB_WIDTH - 2 * PADDING;
    const style = { size: 22, weight: 650, colour: on.colours.text };
    const above = blocks.stack([blocks.paragraph(on, titleOf(tab), room, style), blocks.space(12)]);
    const below = blocks.foot(on, said, link, room);
    /* All figures before the first wait: a tick in between must not mix two moments. */
    const figures = charts.map((chart) => drawing.figureOf(chart, theme));
    const whole = blocks.stack([above, await metrics.cards.all(on, charts, figures, room), below]);
    on.open(TAB_WIDTH, whole.height + 2 * PADDING);
    whole.draw(PADDING, PADDING);
    const spoken = charts.map((chart) => `${chart.title}: ${facts.headline(chart)}`).join("; ");
    return drawing.finished(on, facts.texts(titleOf(tab), spoken, said, link));
  }

  const picture = { ofChart, ofTab };
  metrics.picture = picture;
  if (typeof module === "object") module.exports = picture;
})(globalThis.metrics);
