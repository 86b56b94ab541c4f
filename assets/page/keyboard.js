/* Keys of the page (layouts/keys.py lists them for people). Single characters, so: not while somebody types, not with
 * Ctrl, Alt or Meta, not under a dialog, and not at all where they are switched off. */
(function (metrics) {
  const OFF = "metrics-keys-off";
  const TYPING = "input:not([type=checkbox]):not([type=radio]), select, textarea, [contenteditable]";
  const find = (id) => document.getElementById(id);
  let prefix = null;

  function isOn() {
    try {
      return localStorage.getItem(OFF) !== "1";
    } catch (error) {
      return true;
    }
  }

  function turn(on) {
    try {
      if (on) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch (error) {
      /* Storage is off: keys stay on. */
    }
    label();
  }

  function label() {
    const button = find("keys-switch");
    if (!button) return;
    button.setAttribute("aria-pressed", String(isOn()));
    button.textContent = isOn() ? "Single keys are on" : "Single keys are off";
  }

  /* Said quietly, and read out: what a key did or waits for. */
  function say(text) {
    const notice = find("notice");
    notice.textContent = text;
    notice.dataset.tone = "ok";
  }

  /* Ranges: t, then one key more */

  function awaitRange() {
    prefix = "t";
    const keys = metrics.page.rangeKeys.map((one) => `${one.key}: ${one.title.toLowerCase()}`);
    say([...keys, "t: another"].join(" · "));
  }

  function range(key) {
    say("");
    if (key === "t") return metrics.timecontrol.open();
    const chosen = metrics.page.rangeKeys.find((one) => one.key === key);
    if (chosen) metrics.url.go({ range: chosen.range, from: "", to: "" });
  }

  /* Charts */

  const shownFull = () => document.querySelector(".card[data-full]");

  /* The card in focus, else the one under the pointer, else the first. */
  function card() {
    const focused = document.activeElement && document.activeElement.closest(".card");
    return focused || document.querySelector(".card:hover") || document.querySelector("#board .card");
  }

  function fullScreen() {
    const button = shownFull() ? shownFull().querySelector(".leave-full") : card() && card().querySelector("[data-open=full]");
    if (button) button.click();
  }

  function compare() {
    const names = ["", ...Object.keys(metrics.page.comparisons)];
    const next = names[(names.indexOf(metrics.url.get("compare")) + 1) % names.length];
    metrics.url.go({ compare: next });
    say(next ? `Compared with the ${metrics.page.comparisons[next]}` : "Compared with nothing");
  }

  function refresh() {
    metrics.refresh.now();
    say("Refreshing");
    document.addEventListener("metrics:answer", () => find("notice").textContent === "Refreshing" && say(""), { once: true });
  }

  function tab(number) {
    const chosen = metrics.page.tabs[number - 1];
    if (chosen) metrics.url.go({ tab: chosen.id });
  }

  /* The sheet */

  function toggleSheet() {
    if (find("keys").open) return find("keys").close();
    label();
    find("keys").showModal();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest("#keys-open")) toggleSheet();
    else if (event.target.closest("#keys-close") || event.target === find("keys")) find("keys").close();
    else if (event.target.closest("#keys-switch")) turn(!isOn());
  });

  const ACTIONS = {
    t: awaitRange,
    r: refresh,
    f: fullScreen,
    c: compare,
    l: () => metrics.timecontrol.step(metrics.timecontrol.isPaused() ? "live" : "pause"),
    z: () => metrics.timecontrol.step("out"),
    ArrowLeft: () => metrics.timecontrol.step("back"),
    ArrowRight: () => metrics.timecontrol.step("forward"),
  };

  /* What has keys of its own: a chart's reader, and on a wall the arrows. */
  const ownKeys = (event) => event.target.closest("[role=slider], .details-body") || metrics.wall.isOn();

  function obey(event) {
    if (prefix !== null) {
      prefix = null;
      if (event.key !== "Escape") range(event.key);
      else say("");
      return true;
    }
    if (/^[1-9]$/.test(event.key)) return tab(Number(event.key)) || true;
    if (!ACTIONS[event.key] || (event.key.startsWith("Arrow") && ownKeys(event))) return false;
    ACTIONS[event.key]();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (["Shift", "CapsLock", "Tab"].includes(event.key) || event.target.closest(TYPING)) return;
    if (event.key === "?") {
      event.preventDefault();
      if (!document.querySelector("dialog[open]:not(#keys)")) toggleSheet();
      return;
    }
    if (!isOn() || document.querySelector("dialog[open]")) return;
    if (obey(event)) event.preventDefault();
  });

  metrics.keyboard = { isOn };
})(window.metrics);
