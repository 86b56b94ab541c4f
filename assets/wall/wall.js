/* The page on a wall (?kiosk=1): its measures, the clock, what is next, keys, the cursor, and a screen that stays awake.
 *
 * Every measure of wall.css is a multiple of --wall: 1 on a screen of 1920 × 1080 (or 1080 × 1920), 2 on one of 4K. So
 * the same screen size shows the same type, whatever its pixels. */
(function (metrics) {
  const SMALLEST = 0.5;
  const IDLE_AFTER = 3000;
  const root = document.documentElement;
  let lock = null;
  let idle = null;

  const isOn = () => metrics.url.get("kiosk") === "1";
  const find = (id) => document.getElementById(id);

  function measure() {
    const width = window.innerWidth;
    const height = window.innerHeight;
    const across = width < height ? 1080 : 1920;
    const along = width < height ? 1920 : 1080;
    root.style.setProperty("--wall", String(Math.max(SMALLEST, Math.min(width / across, height / along))));
  }

  /* The address decides; called after each change of it. */
  function apply() {
    if (root.hasAttribute("data-kiosk") !== isOn()) {
      root.toggleAttribute("data-kiosk", isOn());
      window.dispatchEvent(new Event("resize"));
    }
    awake();
    stir();
    render();
  }

  async function awake() {
    const wanted = isOn() && !document.hidden;
    try {
      if (wanted && lock === null && navigator.wakeLock) {
        lock = await navigator.wakeLock.request("screen");
        lock.addEventListener("release", () => { lock = null; });
      } else if (!isOn() && lock !== null) {
        await lock.release();
      }
    } catch (error) {
      lock = null; /* Refused (low battery, no permission): the screen's own settings decide. */
    }
  }

  function stir() {
    root.removeAttribute("data-idle");
    clearTimeout(idle);
    if (isOn()) idle = setTimeout(() => root.setAttribute("data-idle", ""), IDLE_AFTER);
  }

  function next(state) {
    if (state === null) return "";
    if (state.held) return `next: ${state.next}, held`;
    return state.left === null ? `next: ${state.next}, waiting` : `next: ${state.next} in ${state.left} s`;
  }

  function write(element, text) {
    if (element && element.textContent !== text) element.textContent = text;
  }

  function render() {
    if (!isOn()) return;
    const zone = metrics.answer && metrics.answer.zone;
    write(find("wall-clock"), metrics.time.clock(Date.now(), zone || undefined).slice(0, 5));
    const state = metrics.rotation.state();
    write(find("wall-next"), next(state));
    root.style.setProperty("--turn", state ? String(1 - state.part) : "1");
  }

  function toggle() {
    metrics.url.go({ kiosk: isOn() ? "" : "1" });
  }

  const KEYS = {
    ArrowRight: () => turn(1),
    ArrowLeft: () => turn(-1),
    Escape: () => toggle(),
    " ": () => (metrics.rotation.isHeld() ? metrics.rotation.release() : metrics.rotation.hold()),
  };

  function turn(step) {
    metrics.rotation.hold();
    metrics.rotation.show(metrics.rotation.neighbour(step).id);
  }

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, select, textarea, [contenteditable]")) return;
    if (event.key === "k" && metrics.keyboard.isOn() && !document.querySelector("dialog[open]")) {
      toggle();
      return;
    }
    if (!isOn() || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
    render();
  });

  for (const name of ["mousemove", "mousedown", "touchstart"]) document.addEventListener(name, stir, { passive: true });
  for (const name of ["_dashprivate_pushstate", "popstate"]) window.addEventListener(name, apply);
  window.addEventListener("resize", measure);
  document.addEventListener("visibilitychange", awake);
  document.addEventListener("metrics:answer", render);
  setInterval(() => { render(); awake(); }, 1000);
  metrics.wall = { isOn, toggle, isHeld: () => metrics.rotation.isHeld() };
  measure();
  apply();
})(window.metrics);
