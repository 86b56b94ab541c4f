/* Blocks of text in a picture: measured first, so that the picture can be as high as they need, then drawn. */
((metrics) => {
  const LINE = 1.5;
  const MARGIN = 28;

  /**
   * @param {Board} on
   * @param {string} text
   * @param {number} room
   * @param {TextStyle} style
   * @returns {Block}
   */
  function paragraph(on, text, room, style) {
    const step = Math.round(style.size * LINE);
    const lines = text ? on.wrap(text, room, style) : [];
    return {
      height: lines.length * step,
      draw(x, y) {
        lines.forEach((line, at) => {
          on.write(line, x, y + at * step + style.size, style);
        });
      },
    };
  }

  /**
   * @param {Block[]} blocks
   * @returns {Block}
   */
  function stack(blocks) {
    return {
      height: blocks.reduce((sum, block) => sum + block.height, 0),
      draw(x, y) {
        let top = y;
        for (const block of blocks) {
          block.draw(x, top);
          top += block.height;
        }
      },
    };
  }

  /**
   * @param {number} height
   * @returns {Block}
   */
  const space = (height) => ({ height, draw() {} });

  /**
   * The number that matters now, then what it is and how it changed: in one line where they fit, else one below another.
   * @param {Board} on
   * @param {[kind: string, text: string][]} parts
   * @param {number} room
   * @returns {Block}
   */
  function headline(on, parts, room) {
    if (!parts.length) return space(0);
    const styles = parts.map(([kind], place) =>
      place ? smallStyle(on.colours, kind) : { size: 28, weight: 650, colour: numberColour(on.colours, kind) },
    );
    const widths = parts.map(([, text], place) => on.width(text, styles[place]) + 12);
    const fits = widths.reduce((sum, one) => sum + one, -12) <= room;
    return {
      height: fits ? 42 : 42 + 20 * (parts.length - 1),
      draw(x, y) {
        let left = x;
        parts.forEach(([, text], place) => {
          on.write(text, left, y + (fits || !place ? 32 : 32 + 20 * place), styles[place]);
          if (fits) left += widths[place];
        });
      },
    };
  }

  /**
   * @param {Record<string, string>} colours
   * @param {string} kind - its last word: met or warned, where the chart says so
   */
  function numberColour(colours, kind) {
    /** @type {Record<string, string>} */
    const tone = { met: colours.ok, warned: colours.warn };
    return tone[kind.split(" ").pop() ?? ""] || colours.text;
  }

  /**
   * @param {Record<string, string>} colours
   * @param {string} kind - its last word: good, bad, level or other
   * @returns {TextStyle}
   */
  function smallStyle(colours, kind) {
    /** @type {Record<string, string>} */
    const tone = { good: colours.ok, bad: colours.bad, level: colours.faint };
    return { size: 13, weight: 500, colour: tone[kind.split(" ").pop() ?? ""] || colours.muted };
  }

  /**
   * @param {Board} on
   * @param {AboutChart} chart
   * @param {number} room
   */
  function head(on, chart, room) {
    const title = chart.unit ? `${chart.title} · ${chart.unit}` : chart.title;
    const style = { size: 16, weight: 600, colour: on.colours.muted };
    return stack([paragraph(on, title, room, style), headline(on, chart.headline, room), space(6)]);
  }

  /**
   * @param {Board} on
   * @param {Fact[]} facts
   * @param {string} link
   * @param {number} room
   */
  function foot(on, facts, link, room) {
    const text = facts.map(([, words]) => words).join(" · ");
    return stack([
      space(12),
      paragraph(on, text, room, { size: 12, colour: on.colours.muted }),
      paragraph(on, link, room, { size: 12, colour: on.colours.faint }),
    ]);
  }

  /**
   * What is said over a chart without data, in the middle of its place.
   * @param {Board} on
   * @param {string[]} state
   * @param {Box} box
   */
  function message(on, state, { x, y, width, height }) {
    if (!state.some(Boolean)) return;
    const lines = state.flatMap((text, place) => {
      const style = place ? { size: 13, colour: on.colours.muted } : { size: 14, weight: 600, colour: on.colours.text };
      return on.wrap(text, width - 2 * MARGIN, style).map((line) => ({ line, style }));
    });
    lines.forEach(({ line, style }, place) => {
      on.write(line, x + (width - on.width(line, style)) / 2, y + height / 2 + (place - lines.length / 2) * 20, style);
    });
  }

  const blocks = { paragraph, stack, space, head, foot, message };
  metrics.blocks = blocks;
  if (typeof module === "object") module.exports = blocks;
})(globalThis.metrics);
