/* The cards of a tab in its picture: how wide they are, and which of them stand in one row. */
((metrics) => {
  const GAP = 16;
  const PLOT = 240;

  /**
   * @param {Board} on
   * @param {AboutChart} chart
   * @param {object} figure
   * @param {{ wide: boolean, width: number }} place
   */
  async function cardOf(on, chart, figure, { wide, width }) {
    const above = metrics.blocks.head(on, chart, width - 2 * GAP);
    const drawing = await metrics.drawing.plot(figure, width - 2 * GAP, PLOT);
    return { chart, wide, width, above, drawing, height: above.height + PLOT + 2 * GAP };
  }

  /**
   * Rows of cards: a wide one by itself, the others in twos.
   * @template {{ wide: boolean, height: number }} Card
   * @param {Card[]} cards
   */
  function rows(cards) {
    /** @type {Card[][]} */
    const found = [];
    for (const card of cards) {
      const last = found[found.length - 1];
      if (card.wide || !last || last[0].wide || last.length === 2) found.push([card]);
      else last.push(card);
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
    const box = { x: x + GAP, y: y + GAP + card.above.height, width: card.width - 2 * GAP, height: PLOT };
    metrics.drawing.place(on, card.drawing, card.chart, box);
  }

  /**
   * All cards of a tab; the first of an odd number is as wide as two.
   * @param {Board} on
   * @param {AboutChart[]} charts
   * @param {object[]} figures
   * @param {number} room
   * @returns {Promise<Block>}
   */
  async function all(on, charts, figures, room) {
    const placeOf = (/** @type {number} */ at) => {
      const wide = at === 0 && charts.length % 2 === 1;
      return { wide, width: wide ? room : (room - GAP) / 2 };
    };
    const lines = rows(await Promise.all(charts.map((chart, at) => cardOf(on, chart, figures[at], placeOf(at)))));
    return {
      height: lines.reduce((sum, { height }) => sum + height + GAP, -GAP),
      draw(x, y) {
        let top = y;
        for (const { cards, height } of lines) {
          for (const [at, card] of cards.entries())
            drawCard(on, card, { x: x + at * (card.width + GAP), y: top, height });
          top += height + GAP;
        }
      },
    };
  }

  const cards = { all, rows };
  metrics.cards = cards;
  if (typeof module === "object") module.exports = cards;
})(globalThis.metrics);
