/* Charts on their way into a picture, and the picture on its way into a file. */
((metrics) => {
  /**
   * The chart's figure as it is now, in another theme; of a table its rows, and of a tile there is none. A zoom is undone:
   * the picture shows the range that it names.
   * @param {AboutChart} chart
   * @param {string} theme
   */
  function figureOf({ id, tile }, theme) {
    if (tile) return metrics.ranking.read(id);
    const graph = metrics.graphs.drawing(id);
    if (!graph) throw new Error("This chart isn’t drawn yet.");
    const { width: _width, height: _height, ...layout } = graph.layout;
    const { range: _range, autorange: _autorange, ...xaxis } = layout.xaxis || {};
    /* The page has a legend of its own, which no picture shows. */
    const showlegend = graph.data.filter((trace) => trace.showlegend).length > 1;
    const still = { ...layout, xaxis: { ...xaxis, autorange: true, showspikes: false }, hovermode: false, showlegend };
    return metrics.colours.recolour({ data: graph.data, layout: still }, theme);
  }

  /**
   * A figure as an image; a table is drawn as it is.
   * @param {object | Ranking | null} figure
   * @param {number} width
   * @param {number} height
   * @returns {Promise<CanvasImageSource | Ranking | null>}
   */
  async function plot(figure, width, height) {
    if (figure === null || isRanking(figure)) return figure;
    const image = new Image();
    const still = { ...figure, config: { staticPlot: true } };
    image.src = await window.Plotly.toImage(still, { format: "png", width, height, scale: metrics.canvas.SCALE });
    await image.decode();
    return image;
  }

  /**
   * @param {object | null} drawing
   * @returns {drawing is Ranking}
   */
  const isRanking = (drawing) => drawing !== null && "rows" in drawing;

  /**
   * How high a drawing is where it may be as high as it likes; none has no height.
   * @param {object | null} drawing
   * @param {number} usual - of a plot
   */
  function heightOf(drawing, usual) {
    if (drawing === null) return 0;
    return isRanking(drawing) ? metrics.ranking.height(drawing) : usual;
  }

  /**
   * @param {Board} on
   * @param {CanvasImageSource | Ranking | null} drawing
   * @param {AboutChart} chart
   * @param {Box} box
   */
  function place(on, drawing, chart, box) {
    if (isRanking(drawing)) metrics.ranking.draw(on, drawing, box);
    else if (drawing) on.pen.drawImage(drawing, box.x, box.y, box.width, box.height);
    metrics.blocks.message(on, chart.state, box);
  }

  /**
   * @param {Board} on
   * @param {[keyword: string, text: string][]} texts
   * @returns {Promise<Blob>} - a PNG
   */
  async function finished(on, texts) {
    /** @type {Blob | null} */
    const blob = await new Promise((resolve) => on.canvas.toBlob(resolve, "image/png"));
    if (blob === null) throw new Error("The picture is too large.");
    return metrics.png.withText(blob, texts);
  }

  const drawing = { figureOf, plot, heightOf, place, finished };
  metrics.drawing = drawing;
  if (typeof module === "object") module.exports = drawing;
})(globalThis.metrics);
