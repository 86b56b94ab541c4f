/* When: steps through time, the popover with any other range, the ranges used before, and the way back to live.
 *
 * The server says where a step leads (answer.steps) and whether a typed range can be read (range.json): it knows zones
 * and days, and it is what will draw them. */
(function (metrics) {
  const KEPT = "metrics-ranges";
  const KEPT_AT_MOST = 5;
  const ANSWER_WITHIN = 10000;
  const find = (id) => document.getElementById(id);
  const viewerZone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

  /* Steps */

  function step(name) {
    if (metrics.answer && metrics.answer.steps) metrics.url.go(metrics.answer.steps[name]);
  }

  const isPaused = () => !metrics.url.isLive();

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-go]");
    if (button) {
      const focused = button === document.activeElement;
      close(button.closest("details[open]"));
      step(button.dataset.go);
      if (focused && button.id === "go-live") find("step-back").focus();
    }
    const around = event.target.closest("[data-around]");
    if (around) {
      event.preventDefault();
      const moment = Date.parse(around.dataset.around);
      metrics.url.go({ range: "", from: metrics.time.iso(moment - 1800000), to: metrics.time.iso(moment + 1800000) });
    }
  });

  document.addEventListener("metrics:marked", () => {
    const live = find("go-live");
    if (live) live.hidden = !isPaused();
    const pause = find("pause");
    if (pause) pause.disabled = isPaused();
  });

  /* The popover */

  const popover = () => find("custom-range");

  function close(menu) {
    if (!menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary").focus();
  }

  /* Opened: the fields show the range that is drawn now. */
  document.addEventListener("toggle", (event) => {
    if (event.target !== popover() || !popover().open) return;
    find("tz-browser").textContent = `Yours, ${viewerZone}`;
    listRecent();
    complain("range-problem", "");
    complain("relative-problem", "");
    if (!metrics.answer || !metrics.answer.zone) return;
    const { start, end, zone, note } = metrics.answer;
    write("range-from", metrics.time.toWall(start, zone));
    write("range-to", metrics.time.toWall(end, zone));
    write("relative-from", typed("from") || (metrics.url.get("from") ? "" : `now-${metrics.url.get("range")}`));
    write("relative-to", typed("to") || (metrics.url.isLive() ? "now" : ""));
    find("range-zone").textContent = zone;
    find("resolution-note").textContent = note || "";
  }, true);

  const typed = (name) => (metrics.url.get(name).startsWith("now") ? metrics.url.get(name) : "");
  const write = (id, value) => window.dash_clientside.set_props(id, { value });

  function complain(id, text, field) {
    find(id).textContent = text;
    const form = find(id).closest("form");
    form.querySelectorAll("input").forEach((input) => input.removeAttribute("aria-invalid"));
    if (!field) return;
    field.setAttribute("aria-invalid", "true");
    field.setAttribute("aria-describedby", id);
    field.focus();
  }

  function choose(changes) {
    remember(changes);
    close(popover());
    metrics.url.go({ range: "", ...changes });
  }

  document.addEventListener("submit", (event) => {
    const ways = { "relative-range": applyTyped, "absolute-range": applyMoments };
    const way = ways[event.target.id];
    if (!way) return;
    event.preventDefault();
    way();
  });

  /* "6h" is short for "now-6h". */
  const whole = (text) => (/^\d+[smhdwMy]$/.test(text) ? `now-${text}` : text);

  async function applyTyped() {
    const from = whole(find("relative-from").value.trim());
    const to = whole(find("relative-to").value.trim()) || "now";
    if (!from) return complain("relative-problem", "Say where the range begins, such as now-6h.", find("relative-from"));
    const answer = await asked(from, to);
    if (!answer.error) return choose({ from, to });
    const wrong = answer.error.includes(`'${to}'`) && !answer.error.includes(`'${from}'`) ? "relative-to" : "relative-from";
    return complain("relative-problem", answer.error, find(wrong));
  }

  async function asked(from, to) {
    const query = new URLSearchParams({ from, to, tz: metrics.url.get("tz"), zone: viewerZone });
    try {
      const reply = await fetch(`${metrics.page.base}range.json?${query}`, { signal: AbortSignal.timeout(ANSWER_WITHIN) });
      return await reply.json();
    } catch (error) {
      return { error: "The server can’t be reached, so the range can’t be read." };
    }
  }

  function applyMoments() {
    const [from, to] = [find("range-from"), find("range-to")];
    const empty = [from, to].find((field) => !field.value);
    if (empty) return complain("range-problem", "Give both a date and a time.", empty);
    const zone = metrics.answer && metrics.answer.zone ? metrics.answer.zone : "UTC";
    const [start, end] = [from, to].map((field) => metrics.time.fromWall(field.value, zone));
    if (!(start < end)) return complain("range-problem", "The start must lie before the end.", from);
    return choose({ from: metrics.time.iso(start), to: metrics.time.iso(end) });
  }

  /* Ranges used before: the last few, on this machine alone */

  function recent() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) || "[]");
      return Array.isArray(kept) ? kept.filter((one) => one && typeof one.from === "string" && typeof one.to === "string") : [];
    } catch (error) {
      return [];
    }
  }

  function remember({ from, to }) {
    const others = recent().filter((one) => one.from !== from || one.to !== to);
    try {
      localStorage.setItem(KEPT, JSON.stringify([{ from, to }, ...others].slice(0, KEPT_AT_MOST)));
    } catch (error) {
      /* Storage is off: nothing is remembered. */
    }
  }

  function inWords(text) {
    const moment = Date.parse(text);
    const zone = (metrics.answer && metrics.answer.zone) || viewerZone;
    return Number.isNaN(moment) ? text : metrics.time.bucket(moment, zone, "minute");
  }

  function listRecent() {
    const ranges = recent();
    find("recent").hidden = ranges.length === 0;
    find("recent-ranges").replaceChildren(...ranges.map(({ from, to }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = `${inWords(from)} → ${inWords(to)}`;
      button.addEventListener("click", () => choose({ from, to }));
      return button;
    }));
  }

  metrics.timecontrol = { step, isPaused, open: () => { popover().open = true; find("relative-from").focus(); } };
})(window.metrics);
