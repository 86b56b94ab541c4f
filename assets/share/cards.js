/* The cards of a tab in its picture: how wide they are, and which of them stand in one row. */
((metrics) => {
  const GAP = 16;
  const PLOT = 240;
  const MESSAGE = 60;
  /* How many sixths of a row a card takes, by its size. */
  const SIXTHS = { small: 2, half: 3, wide: 4, full: 6 };

  /**
   * @param {Board} on
   * @param {AboutChart} chart
   * @param {object | null} figure
   * @param {number} room
   */
  async function cardOf(on, chart, figure, room) {
    const sixths = SIXTHS[chart.size ?? "half"];
    const width = ((room + GAP) * sixths) / 6 - GAP;
    const above = metrics.blocks.head(on, chart, width - 2 * GAP);
    const drawing = await metrics.drawing.plot(figure, width - 2 * GAP, PLOT);
    const height = Math.min(PLOT, metrics.drawing.heightOf(drawing, PLOT));
    const body = height || (chart.state.some(Boolean) ? MESSAGE : 0);
    return { chart, sixths, width, above, drawing, body, height: above.height + body + 2 * GAP };
  }

  /**
   * Rows of cards: each has as many as fit into it.
   * @template {{ sixths: number, height: number }} Card
   * @param {Card[]} cards
   */
  function rows(cards) {
    /** @type {Card[][]} */
    const found = [];
    for (const card of cards) {
      const last = found[found.length - 1];
      const taken = (last ?? []).reduce((sum, { sixths }) => sum + sixths, 0);
      if (last && taken + card.sixths <= 6) last.push(card);
      else found.push([card]);
    }
    return found.map((row) => ({ cards: row, height: Math.max(...row.map((card) => card.height)) }));
  }

  /**
   * @param {Board} on
   * @param {Awaited<ReturnType<typeof cardOf>>} card
   * @param {Omit<Box, "width">} box
   */
  function drawCard(on, card, { x, y, height }) {
    const { pen, colours } = on;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.roundRect(x + 0.5, y + 0.5, card.width - 1, height - 1, 10);
    pen.stroke();
    card.above.draw(x + GAP, y + GAP);
    const box = { x: x + GAP, y: y + GAP + card.above.height, width: card.width - 2 * GAP, height: card.body };
    metrics.drawing.place(on, card.drawing, card.chart, box);
  }

  /**
   * All cards of a tab.
   * @param {Board} on
   * @param {AboutChart[]} charts
   * @param {(object | null)[]} figures
   * @param {number} room
   * @returns {Promise<Block>}
   */
  async function all(on, charts, figures, room) {
    const lines = rows(await Promise.all(charts.map((chart, at) => cardOf(on, chart, figures[at], room))));
    return {
      height: lines.reduce((sum, { height }) => sum + height + GAP, -GAP),
      draw(x, y) {
        let top = y;
        for (const { cards, height } of lines) {
          let left = x;
          for (const card of cards) {
            drawCard(on, card, { x: left, y: top, height });
            left += card.width + GAP;
          }
          top += height + GAP;
        }
      },
    };
  }

  const cards = { all, rows };
  metrics.cards = cards;
  if (typeof module === "object") module.exports = cards;
})(globalThis.metrics);
