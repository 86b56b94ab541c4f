/* The page on a wall (?kiosk=1): its measures, the clock, the cursor, and a screen that stays awake.
 *
 * Every measure of wall.css is a multiple of --wall: 1 on a screen of 1920 × 1080 (or 1080 × 1920), 2 on one of 4K. So
 * the same screen size shows the same type, whatever its pixels. */
((metrics) => {
  const SMALLEST = 0.5;
  const IDLE_AFTER = 3000;
  const root = document.documentElement;
  const isOn = metrics.url.isKiosk;
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  let idle = 0;

  /**
   * @param {number} width - of the window, in px
   * @param {number} height
   */
  function scale(width, height) {
    const [across, along] = width < height ? [1080, 1920] : [1920, 1080];
    return Math.max(SMALLEST, Math.min(width / across, height / along));
  }

  const measure = () => root.style.setProperty("--wall", String(scale(window.innerWidth, window.innerHeight)));

  /* The address decides. */
  function apply() {
    if (root.hasAttribute("data-kiosk") !== isOn()) {
      root.toggleAttribute("data-kiosk", isOn());
      window.dispatchEvent(new Event("resize"));
    }
    awake();
    stir();
    tell();
  }

  async function awake() {
    try {
      if (isOn() && !document.hidden && lock === null && navigator.wakeLock) {
        lock = await navigator.wakeLock.request("screen");
        lock.addEventListener("release", () => {
          lock = null;
        });
      } else if (!isOn() && lock !== null) {
        await lock.release();
      }
    } catch {
      lock = null; /* Refused (low battery, no permission): the screen's own settings decide. */
    }
  }

  function stir() {
    root.removeAttribute("data-idle");
    clearTimeout(idle);
    if (isOn()) idle = window.setTimeout(() => root.setAttribute("data-idle", ""), IDLE_AFTER);
  }

  function tell() {
    if (!isOn()) return;
    const clock = metrics.time.clock(Date.now(), metrics.answer?.zone || undefined);
    metrics.dom.write(metrics.dom.maybe("wall-clock"), clock.slice(0, 5));
  }

  for (const name of ["mousemove", "mousedown", "touchstart"]) document.addEventListener(name, stir, { passive: true });
  window.addEventListener("resize", measure);
  document.addEventListener("visibilitychange", awake);
  metrics.events.on("address", apply);
  metrics.events.on("answer", tell);
  setInterval(() => {
    tell();
    awake();
  }, 1000);
  measure();
  apply();
})(window.metrics);
