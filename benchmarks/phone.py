"""The page on a phone: a touch screen, and a quarter of this machine's speed, as Lighthouse simulates one.

Blocked time is that of Lighthouse: of every task that takes longer than 50 ms, what is beyond them.
"""

import statistics

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.harness import events, fresh_database, store
from benchmarks.page import FLAGS, chromium_path, served
from benchmarks.table import Row
from metrics_dash.jobs.rollup import roll_up_all

PHONE = {"width": 412, "height": 823}
SLOWER = 4
# A glance; the first refresh comes later than that. Seconds.
GLANCE = 6.0
STEP_SECONDS = 120.0

# Asked for before anything of the page runs.
_WATCH = """
window.blocked = 0;
window.painted = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) window.blocked += Math.max(0, duration - 50);
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
  for (const { startTime } of list.getEntries()) window.painted = startTime;
}).observe({ type: "largest-contentful-paint", buffered: true });
"""
_DRAWN = "() => document.querySelector('.stage:not([data-sketched]) #board .js-plotly-plot .trace')"


def run(quick: bool) -> list[Row]:
    """A day of events, then the page each time in a new profile."""
    with fresh_database() as database:
        store(database, events(10_000 if quick else 100_000, minutes=24 * 60))
        roll_up_all(database)
        with served(database, METRICS_REFRESH_INTERVAL="60") as address, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            try:
                # The first of all is the server's warm-up.
                seen = [_visit(chromium, address) for _ in range(2 if quick else 6)][1:]
            finally:
                chromium.close()
    painted, blocked, answered = (statistics.median(each) for each in zip(*seen, strict=True))
    what = f"phone, {SLOWER} × slower"
    return [
        Row(f"{what}: cold load to the largest paint", painted, "s", "", None, "≤ 2.5 s", painted <= 2.5),
        Row(f"{what}: blocked in the first {GLANCE:g} s", blocked, "ms", "", None, "≤ 200 ms", blocked <= 200),
        Row(f"{what}: first touch to charts that answer", answered, "s", "", None, "≤ 5 s", answered <= 5),
    ]


def _visit(chromium: Browser, address: str) -> tuple[float, float, float]:
    """Return when the largest part was painted (s), for how long nothing could be answered (ms), and how long the first
    touch takes until charts are drawn (s)."""
    context = chromium.new_context(viewport=PHONE, has_touch=True, is_mobile=True, device_scale_factor=2)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.set_default_timeout(STEP_SECONDS * 1000)
        context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.add_init_script(_WATCH)
        page.goto(address)
        page.wait_for_timeout(GLANCE * 1000)
        painted, blocked = page.evaluate("[window.painted / 1000, window.blocked]")
        return painted, blocked, _touched(page)
    finally:
        context.close()


def _touched(page: Page) -> float:
    began = page.evaluate("performance.now()")
    page.touchscreen.tap(PHONE["width"] / 2, 20)
    page.wait_for_function(_DRAWN)
    return float(page.evaluate("(began) => (performance.now() - began) / 1000", began))
