/* The popover with any other range: typed, from one moment to another, or used before.
 *
 * The server says whether a typed range can be read (range.json): it knows zones and days, and it is what will draw
 * them. */
((metrics) => {
  const ANSWER_WITHIN = 10000;
  const LENGTH = /^\d+(?:min|[smhdwMy])$/;
  const { time, url } = metrics;
  const { find, field, maybe, made } = metrics.dom;

  const popover = () => /** @type {HTMLDetailsElement | null} */ (maybe("custom-range"));

  metrics.events.on("menu", (menu) => menu === popover() && fill());
  metrics.events.on("answer", () => popover()?.open && offerSteps());

  /* Opened: the fields show the range that is drawn now. */
  function fill() {
    find("tz-browser").textContent = `Yours, ${time.viewerZone}`;
    listRecent();
    complain("range-problem", "");
    complain("relative-problem", "");
    if (!metrics.answer?.zone) return;
    const { asked: range, zone, note } = metrics.answer;
    write("range-from", time.toWall(range.start, zone));
    write("range-to", time.toWall(range.end, zone));
    write("relative-from", typed("from") || (url.get("from") ? "" : typedRange(url.get("range"))));
    write("relative-to", typed("to"));
    find("range-zone").textContent = zone;
    find("resolution-note").textContent = note || "";
    offerSteps();
  }

  /* The steps that the range and what is held allow, and the one that was asked for, which then is not drawn. */
  function offerSteps() {
    const choices = metrics.answer?.choices ?? [];
    for (const link of metrics.dom.all("#steps [data-step]"))
      link.hidden = !choices.includes(link.dataset.step ?? "") && !link.hasAttribute("aria-current");
  }

  /** @param {string} name */
  const typed = (name) => (/^\d{4}-.*T/.test(url.get(name)) ? "" : url.get(name));

  /** @param {string} text - "6h" is short for "now-6h"; words and dates stand for themselves */
  const typedRange = (text) => (LENGTH.test(text) ? `now-${text}` : text);

  /**
   * @param {string} id
   * @param {string} value
   */
  const write = (id, value) => {
    metrics.dom.field(id).value = value;
  };

  /**
   * @param {string} id
   * @param {string} text
   * @param {HTMLElement} [wrong]
   */
  function complain(id, text, wrong) {
    find(id).textContent = text;
    for (const input of find(id).closest("form")?.querySelectorAll("input") ?? [])
      input.removeAttribute("aria-invalid");
    if (!wrong) return;
    wrong.setAttribute("aria-invalid", "true");
    wrong.setAttribute("aria-describedby", id);
    wrong.focus();
  }

  /** @param {UsedRange} range - without an end it is a range by its name, such as yesterday */
  function choose({ from, to }) {
    metrics.recent.remember({ from, to });
    metrics.menus.close(find("custom-range"));
    url.go(to ? { range: "", from, to } : { range: from, from: "", to: "" });
  }

  document.addEventListener("submit", (event) => {
    /** @type {Record<string, () => void>} */
    const ways = { "relative-range": applyTyped, "absolute-range": applyMoments };
    const way = ways[/** @type {Element} */ (event.target).id];
    if (!way) return;
    event.preventDefault();
    way();
  });

  /* Without an end, words and dates are a range by themselves, and everything else reaches to now. */
  async function applyTyped() {
    const from = typedRange(field("relative-from").value.trim());
    const named = /^now|\dT/.test(from) ? "" : from.toLowerCase().replace(/(?<=[a-z])\s+(?=[a-z])/, "-");
    const to = typedRange(field("relative-to").value.trim()) || (named ? "" : "now");
    if (!from)
      return complain("relative-problem", "Say where the range begins, such as now-6h.", find("relative-from"));
    const { error } = await asked(to ? { from, to } : { range: named });
    if (!error) return choose({ from: to ? from : named, to });
    const wrong = error.includes(`'${to}'`) && !error.includes(`'${from}'`) ? "relative-to" : "relative-from";
    complain("relative-problem", error, find(wrong));
  }

  /**
   * @param {Record<string, string>} range
   * @returns {Promise<{ error?: string }>}
   */
  async function asked(range) {
    const query = new URLSearchParams({
      ...range,
      tz: url.of(metrics.shown.address()).get("tz"),
      zone: time.viewerZone,
    });
    try {
      const signal = AbortSignal.timeout(ANSWER_WITHIN);
      return await (await fetch(`${metrics.page.base}range.json?${query}`, { signal })).json();
    } catch {
      return { error: "The server can’t be reached, so the range can’t be read." };
    }
  }

  function applyMoments() {
    const [from, to] = [field("range-from"), field("range-to")];
    const empty = [from, to].find((one) => !one.value);
    if (empty) return complain("range-problem", "Give both a date and a time.", empty);
    const zone = metrics.answer?.zone || "UTC";
    const [start, end] = [from, to].map((one) => time.fromWall(one.value, zone));
    if (!(start < end)) return complain("range-problem", "The start must lie before the end.", from);
    choose({ from: time.iso(start), to: time.iso(end) });
  }

  /** @param {string} text - of a range's start or end: typed, or a moment */
  function inWords(text) {
    const moment = text.includes("T") ? Date.parse(text) : Number.NaN;
    return Number.isNaN(moment)
      ? text.replaceAll(/(?<=[a-z])-(?=[a-z])/g, " ")
      : time.bucket(moment, metrics.answer?.zone || time.viewerZone, "minute");
  }

  function listRecent() {
    const ranges = metrics.recent.all();
    find("recent").hidden = ranges.length === 0;
    const buttons = ranges.map((range) => {
      const words = [range.from, range.to].filter(Boolean).map(inWords).join(" → ");
      const button = made("button", "", words);
      button.type = "button";
      button.addEventListener("click", () => choose(range));
      return button;
    });
    find("recent-ranges").replaceChildren(...buttons);
  }
})(window.metrics);
