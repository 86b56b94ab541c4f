/* What the Export menus do: every button with data-export saves or copies, and says what came of it.
 *
 * data-export: png, copy, csv or link. data-chart: of which chart; without it, of the whole tab. */
(function (metrics) {
  const SPOKEN_FOR = 6000;
  let silence = null;

  function say(text, tone) {
    const notice = document.getElementById("notice");
    notice.textContent = text;
    notice.dataset.tone = tone;
    clearTimeout(silence);
    silence = setTimeout(() => (notice.textContent = ""), SPOKEN_FOR);
  }

  const theme = () => document.documentElement.dataset.bsTheme;

  /* auth_login-rate_2026-01-31T12-00_24h.png */
  function fileName(chart, extension) {
    const { tab, about } = metrics.answer;
    return [tab, chart, about.stem].filter(Boolean).join("_") + "." + extension;
  }

  function save(blob, name) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function picture({ chart, look }) {
    const wanted = look || theme();
    return chart ? metrics.picture.ofChart(chart, wanted) : metrics.picture.ofTab(wanted);
  }

  async function savePicture(button) {
    const name = fileName(button.chart, "png");
    save(await picture(button), name);
    return `Saved ${name}`;
  }

  async function copyPicture(button) {
    if (!window.ClipboardItem || !navigator.clipboard) throw new Error("This browser can’t copy pictures. Save it as PNG.");
    // The promise goes in as it is: some browsers forget the click while the picture is made.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": picture(button) })]);
    return "Picture copied";
  }

  async function saveTable({ chart }) {
    const name = fileName(chart, "csv");
    const answer = await fetch(metrics.share.table(chart));
    if (!answer.ok) throw new Error((await answer.text()).split("\n")[0].slice(0, 200) || "The table can’t be made.");
    save(await answer.blob(), name);
    return `Saved ${name}`;
  }

  /* Pages that are not served securely have no clipboard; a selected field can still be copied. */
  function copyFromField(text) {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "unseen";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error(`This browser can’t copy. The link is ${text}`);
  }

  async function copyLink({ time }) {
    const text = metrics.share.link(time, theme());
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyFromField(text);
    return time === "absolute" ? `Link copied: ${metrics.answer.about.range}` : "Link copied: it follows now";
  }

  const ACTIONS = { png: savePicture, copy: copyPicture, csv: saveTable, link: copyLink };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-export]");
    if (!button) return;
    const menu = button.closest("details[open]");
    if (menu) {
      menu.removeAttribute("open");
      menu.querySelector("summary").focus();
    }
    try {
      if (!metrics.answer || !metrics.answer.about) throw new Error("There is nothing to save yet.");
      say(await ACTIONS[button.dataset.export](button.dataset), "ok");
    } catch (error) {
      say(error instanceof TypeError ? "The server doesn’t answer." : error.message, "bad");
    }
  });
})(window.metrics);
