/* A drawing board of a picture: text measured and drawn in the page's font, in the colours of a theme. */
((metrics) => {
  const SCALE = 2;

  /**
   * Text as lines of at most some width. A word that is longer by itself is broken.
   * @param {string} text
   * @param {number} room
   * @param {(text: string) => number} width
   */
  function wrap(text, room, width) {
    /** @type {string[]} */
    const lines = [];
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line ? `${line} ${word}` : word;
      if (width(longer) <= room) {
        line = longer;
        continue;
      }
      if (line) lines.push(line);
      const pieces = broken(word, room, width);
      line = pieces.pop() ?? "";
      lines.push(...pieces);
    }
    return line ? [...lines, line] : lines;
  }

  /**
   * A word in pieces: one of an address ends where a part of it does.
   * @param {string} word
   * @param {number} room
   * @param {(text: string) => number} width
   */
  function broken(word, room, width) {
    /** @type {string[]} */
    const pieces = [];
    let piece = "";
    for (const letter of word) {
      if (piece && width(piece + letter) > room) {
        const end = seam(piece + letter);
        pieces.push(piece.slice(0, end));
        piece = piece.slice(end);
      }
      piece += letter;
    }
    return [...pieces, piece];
  }

  /**
   * Where a piece that has become too long by its last letter is broken: before its last &, behind its last /, unless
   * that leaves most of a line empty.
   * @param {string} text
   */
  function seam(text) {
    const end = Math.max(text.lastIndexOf("&"), text.lastIndexOf("/", text.length - 2) + 1);
    return end > text.length / 3 ? end : text.length - 1;
  }

  /**
   * @param {string} theme
   * @returns {Board}
   */
  function board(theme) {
    const canvas = document.createElement("canvas");
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const family = getComputedStyle(document.body).fontFamily;
    const colours = metrics.page.colours[theme];

    /** @param {TextStyle} style */
    function setFont(style) {
      pen.font = `${style.weight || 400} ${style.size}px ${family}`;
    }

    return {
      canvas,
      pen,
      colours,
      width(text, style) {
        setFont(style);
        return pen.measureText(text).width;
      },
      wrap(text, room, style) {
        setFont(style);
        return wrap(text, room, (part) => pen.measureText(part).width);
      },
      write(text, x, y, style) {
        setFont(style);
        pen.fillStyle = style.colour;
        pen.textBaseline = "alphabetic";
        pen.fillText(text, x, y);
      },
      /* Sizes it and paints its ground; what was measured before stays as it is. */
      open(across, down) {
        canvas.width = across * SCALE;
        canvas.height = down * SCALE;
        pen.scale(SCALE, SCALE);
        pen.fillStyle = colours.surface;
        pen.fillRect(0, 0, across, down);
      },
    };
  }

  const offered = { SCALE, board, wrap };
  metrics.canvas = offered;
  if (typeof module === "object") module.exports = offered;
})(globalThis.metrics);
