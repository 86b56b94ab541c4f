/* Pictures that stand alone, of one chart or of the whole tab, drawn in the browser: nothing is asked of the network.
 *
 * A picture is not a screenshot. The figures are drawn anew in the colours of the theme that was asked for, without
 * pointer, tooltip or buttons; around them stands what the server said about them (answer.about, layouts/about.py). */
(function (metrics) {
  const SCALE = 2;
  const PADDING = 28;
  const GAP = 16;
  const CHART = { width: 960, height: 540, leastPlot: 260 };
  const TAB = { width: 1440, plot: 240 };

  /* A drawing board of some width, text measured and drawn in the page's font. */
  function board(theme) {
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d");
    const family = getComputedStyle(document.body).fontFamily;
    const colours = metrics.page.colours[theme];

    function setFont(style) {
      pen.font = `${style.weight || 400} ${style.size}px ${family}`;
    }

    function width(text, style) {
      setFont(style);
      return pen.measureText(text).width;
    }

    /* Text as lines of at most some width. A word that is longer by itself is broken. */
    function wrap(text, room, style) {
      const lines = [];
      let line = "";
      for (const word of text.split(" ")) {
        const longer = line ? `${line} ${word}` : word;
        if (width(longer, style) <= room) {
          line = longer;
          continue;
        }
        if (line) lines.push(line);
        line = "";
        for (const letter of word) {
          if (width(line + letter, style) > room) {
            lines.push(line);
            line = "";
          }
          line += letter;
        }
      }
      return line ? lines.concat(line) : lines;
    }

    function write(text, x, y, style) {
      setFont(style);
      pen.fillStyle = style.colour;
      pen.textBaseline = "alphabetic";
      pen.fillText(text, x, y);
    }

    /* Sizes it and paints its ground; what was measured before stays as it is. */
    function open(across, down) {
      canvas.width = across * SCALE;
      canvas.height = down * SCALE;
      pen.scale(SCALE, SCALE);
      pen.fillStyle = colours.surface;
      pen.fillRect(0, 0, across, down);
    }

    return { canvas, pen, theme, colours, width, wrap, write, open };
  }

  /* Blocks of text: measured first, so that the picture can be as high as they need, then drawn. */

  function paragraph(on, text, room, style) {
    const step = Math.round(style.size * 1.5);
    const lines = text ? on.wrap(text, room, style) : [];
    return {
      height: lines.length * step,
      draw: (x, y) => lines.forEach((line, at) => on.write(line, x, y + at * step + style.size, style)),
    };
  }

  function stack(blocks) {
    return {
      height: blocks.reduce((sum, block) => sum + block.height, 0),
      draw(x, y) {
        for (const block of blocks) {
          block.draw(x, y);
          y += block.height;
        }
      },
    };
  }

  const space = (height) => ({ height, draw() {} });

  function headline(on, parts, room) {
    if (!parts.length) return space(0);
    const tone = { up: on.colours.ok, down: on.colours.bad };
    const styles = parts.map(([kind], place) => ({
      size: place ? 13 : 28,
      weight: place ? 500 : 650,
      colour: place ? tone[kind.split(" ").pop()] || on.colours.muted : on.colours.text,
    }));
    const widths = parts.map(([, text], place) => on.width(text, styles[place]) + 12);
    const fits = widths.reduce((sum, one) => sum + one, -12) <= room;
    return {
      height: fits ? 42 : 42 + 20 * (parts.length - 1),
      draw(x, y) {
        parts.forEach(([, text], place) => {
          on.write(text, x, y + (fits || !place ? 32 : 32 + 20 * place), styles[place]);
          if (fits) x += widths[place];
        });
      },
    };
  }

  function head(on, chart, room) {
    const title = chart.unit ? `${chart.title} · ${chart.unit}` : chart.title;
    const style = { size: 16, weight: 600, colour: on.colours.muted };
    return stack([paragraph(on, title, room, style), headline(on, chart.headline, room), space(6)]);
  }

  function foot(on, facts, link, room) {
    const text = facts.map(([, words]) => words).join(" · ");
    return stack([
      space(12),
      paragraph(on, text, room, { size: 12, colour: on.colours.muted }),
      paragraph(on, link, room, { size: 12, colour: on.colours.faint }),
    ]);
  }

  /* Figures */

  /* The chart's figure as it is now, in another theme. A zoom is undone: the picture shows the range that it names. */
  function figureOf(id, theme) {
    const graph = metrics.charts.drawing(id);
    if (!graph) throw new Error("This chart isn’t drawn yet.");
    const { width, height, ...layout } = graph.layout;
    const { range, autorange, ...xaxis } = layout.xaxis || {};
    const still = { ...layout, xaxis: { ...xaxis, autorange: true, showspikes: false }, hovermode: false };
    return metrics.theme.recolour({ data: graph.data, layout: still }, theme);
  }

  /* A figure as an image */
  async function plot(figure, width, height) {
    const image = new Image();
    const still = { ...figure, config: { staticPlot: true } };
    image.src = await window.Plotly.toImage(still, { format: "png", width, height, scale: SCALE });
    await image.decode();
    return image;
  }

  /* What is said over a chart without data. */
  function message(on, state, x, y, width, height) {
    if (!state.some(Boolean)) return;
    const styles = [{ size: 14, weight: 600, colour: on.colours.text }, { size: 13, colour: on.colours.muted }];
    const lines = state.flatMap((text, place) => on.wrap(text, width - 2 * PADDING, styles[place ? 1 : 0]).map((line) => [line, styles[place ? 1 : 0]]));
    lines.forEach(([line, style], place) => {
      on.write(line, x + (width - on.width(line, style)) / 2, y + height / 2 + (place - lines.length / 2) * 20, style);
    });
  }

  function hidden(ids) {
    const names = metrics.url.getAll("hidden").filter((one) => ids.includes(one.slice(0, one.indexOf(":"))));
    if (!names.length) return [];
    const shown = ids.length > 1 ? names : names.map((one) => one.slice(one.indexOf(":") + 1));
    return [["Hidden series", `hidden: ${shown.join(", ")}`]];
  }

  function splits(charts) {
    return charts.flatMap((chart) => chart.facts.map(([name, text]) => [`${name} of ${chart.title}`, `${chart.title} ${text}`]));
  }

  /* The texts of the file, by keyword: the PNG specification's own, then every fact. */
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

  const spokenHeadline = (chart) => chart.headline.map(([, text]) => text).join(" ");
  const title = (tab) => metrics.page.tabs.find((one) => one.id === tab).title;

  function known() {
    const answer = metrics.answer;
    if (!answer || !answer.about) throw new Error("There is no picture yet.");
    return answer;
  }

  function finished(on, meta) {
    return new Promise((resolve, reject) => {
      on.canvas.toBlob((blob) => (blob ? resolve(metrics.png.withText(blob, meta)) : reject(new Error("The picture is too large."))), "image/png");
    });
  }

  /* One chart → a PNG as a Blob */
  async function ofChart(id, theme) {
    const answer = known();
    const chart = answer.about.charts.find((one) => one.id === id);
    const link = metrics.share.link("absolute", theme);
    const facts = [...answer.about.facts, ...chart.facts, ...hidden([id])];
    const on = board(theme);
    const room = CHART.width - 2 * PADDING;
    const above = head(on, chart, room);
    const below = foot(on, facts, link, room);
    const around = 2 * PADDING + above.height + below.height;
    const height = Math.max(CHART.height, around + CHART.leastPlot);
    const drawing = await plot(figureOf(id, theme), room, height - around);
    on.open(CHART.width, height);
    above.draw(PADDING, PADDING);
    on.pen.drawImage(drawing, PADDING, PADDING + above.height, room, height - around);
    message(on, chart.state, PADDING, PADDING + above.height, room, height - around);
    below.draw(PADDING, height - PADDING - below.height);
    return finished(on, texts(`${chart.title} · ${title(answer.tab)}`, spokenHeadline(chart), facts, link));
  }

  /* A card in the picture of a tab: where it stands, and its parts. */
  async function cardOf(on, chart, figure, place, count) {
    const wide = place === 0 && count % 2 === 1;
    const full = TAB.width - 2 * PADDING;
    const width = wide ? full : (full - GAP) / 2;
    const above = head(on, chart, width - 2 * GAP);
    const drawing = await plot(figure, width - 2 * GAP, TAB.plot);
    return { chart, wide, width, above, drawing, height: above.height + TAB.plot + 2 * GAP };
  }

  /* Rows of cards: a wide one by itself, the others in twos. */
  function rows(cards) {
    const found = [];
    for (const card of cards) {
      const last = found[found.length - 1];
      if (card.wide || !last || last[0].wide || last.length === 2) found.push([card]);
      else last.push(card);
    }
    return found.map((row) => ({ cards: row, height: Math.max(...row.map((card) => card.height)) }));
  }

  function drawCard(on, card, x, y, height) {
    const { pen, colours } = on;
    pen.strokeStyle = colours.line;
    pen.lineWidth = 1;
    pen.beginPath();
    pen.roundRect(x + 0.5, y + 0.5, card.width - 1, height - 1, 10);
    pen.stroke();
    card.above.draw(x + GAP, y + GAP);
    const top = y + GAP + card.above.height;
    pen.drawImage(card.drawing, x + GAP, top, card.width - 2 * GAP, TAB.plot);
    message(on, card.chart.state, x + GAP, top, card.width - 2 * GAP, TAB.plot);
  }

  /* The whole tab → a PNG as a Blob */
  async function ofTab(theme) {
    const answer = known();
    const charts = answer.about.charts;
    const link = metrics.share.link("absolute", theme);
    const facts = [...answer.about.facts, ...splits(charts), ...hidden(charts.map((chart) => chart.id))];
    const on = board(theme);
    const room = TAB.width - 2 * PADDING;
    const above = stack([paragraph(on, title(answer.tab), room, { size: 22, weight: 650, colour: on.colours.text }), space(12)]);
    const below = foot(on, facts, link, room);
    // All figures before the first wait: a tick in between must not mix two moments.
    const figures = charts.map((chart) => figureOf(chart.id, theme));
    const cards = await Promise.all(charts.map((chart, place) => cardOf(on, chart, figures[place], place, charts.length)));
    const lines = rows(cards);
    const body = lines.reduce((sum, row) => sum + row.height + GAP, -GAP);
    on.open(TAB.width, 2 * PADDING + above.height + body + below.height);
    above.draw(PADDING, PADDING);
    let y = PADDING + above.height;
    for (const row of lines) {
      row.cards.forEach((card, place) => drawCard(on, card, PADDING + place * (card.width + GAP), y, row.height));
      y += row.height + GAP;
    }
    below.draw(PADDING, y - GAP);
    const spoken = charts.map((chart) => `${chart.title}: ${spokenHeadline(chart)}`).join("; ");
    return finished(on, texts(title(answer.tab), spoken, facts, link));
  }

  metrics.picture = { ofChart, ofTab };
})(window.metrics);
