/* What the Export menus do: every button with data-export saves or copies, and says what came of it.
 *
 * data-export: png, copy, csv or link. data-chart: of which chart; without it, of the whole tab. */
((metrics) => {
  const { SAID_FOR } = metrics.notice;

  const theme = () => document.documentElement.dataset.bsTheme ?? "light";

  /**
   * auth_login-rate_2026-01-31T12-00_24h.png; of a dark picture …_24h-dark.png
   * @param {string | undefined} chart
   * @param {string} extension
   * @param {string} [look]
   */
  function fileName(chart, extension, look = "light") {
    const { tab, about } = /** @type {Answer} */ (metrics.answer);
    const suffix = look === "light" ? "" : `-${look}`;
    return `${[tab, chart, about.stem].filter(Boolean).join("_")}${suffix}.${extension}`;
  }

  /** @param {DOMStringMap} wanted */
  function picture({ chart, look }) {
    const colours = look || theme();
    return chart ? metrics.picture.ofChart(chart, colours) : metrics.picture.ofTab(colours);
  }

  /** @param {DOMStringMap} wanted */
  async function savePicture(wanted) {
    const name = fileName(wanted.chart, "png", wanted.look || theme());
    metrics.files.save(await picture(wanted), name);
    return `Saved ${name}`;
  }

  /** @param {DOMStringMap} wanted */
  async function copyPicture(wanted) {
    if (!window.ClipboardItem || !navigator.clipboard)
      throw new Error("This browser can’t copy pictures. Save it as PNG.");
    /* The promise goes in as it is: some browsers forget the click while the picture is made. */
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture(wanted) })]);
    return "Picture copied";
  }

  /** @param {DOMStringMap} wanted */
  async function saveTable({ chart }) {
    const name = fileName(chart, "csv");
    const answer = await fetch(metrics.share.table(chart));
    if (!answer.ok) throw new Error((await answer.text()).split("\n")[0].slice(0, 200) || "The table can’t be made.");
    metrics.files.save(await answer.blob(), name);
    return `Saved ${name}`;
  }

  /** @param {DOMStringMap} wanted */
  async function copyLink({ time = "relative" }) {
    const text = metrics.share.link(time, theme());
    try {
      await metrics.clipboard.write(text);
    } catch (error) {
      throw new Error(`${/** @type {Error} */ (error).message} The link is ${text}`);
    }
    return time === "absolute" ? `Link copied: ${metrics.answer?.about.range}` : "Link copied: it follows now";
  }

  /** @type {Record<string, (wanted: DOMStringMap) => Promise<string>>} */
  const ACTIONS = { png: savePicture, copy: copyPicture, csv: saveTable, link: copyLink };

  /** @param {DOMStringMap} wanted */
  async function act(wanted) {
    try {
      if (!metrics.answer?.about) throw new Error("There is nothing to save yet.");
      metrics.notice.say(await ACTIONS[wanted.export ?? ""](wanted), { lasts: SAID_FOR });
    } catch (error) {
      const { message } = /** @type {Error} */ (error);
      const words = error instanceof TypeError ? "The server doesn’t answer." : message;
      metrics.notice.say(words, { tone: "bad", lasts: SAID_FOR });
    }
  }

  document.addEventListener("click", (event) => {
    const button = metrics.dom.around(event, "[data-export]");
    if (!button) return;
    metrics.menus.leave(button);
    act(button.dataset);
  });
})(window.metrics);
