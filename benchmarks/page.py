"""The page in a headless Chromium: cold load, tab switch, tick, memory after a day of a wall; and many viewers."""

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, Request, sync_playwright

from benchmarks.harness import events, fresh_database
from benchmarks.table import Row
from db.engine import Database
from db.events import insert_events
from layouts.shell import BASE_PATH
from metrics_dash.rollup import roll_up_all

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-precise-memory-info",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
TABS = ("auth", "gameplay", "combat", "server")
REFRESH_SECONDS = 10
TICKS_OF_A_DAY = 8640
WARM_UP_TICKS = 100
QUESTION = "_dash-update-component"

# When the first chart is drawn, in ms since the navigation began.
FIRST_CHART = """
new MutationObserver((_, observer) => {
  if (!document.querySelector(".js-plotly-plot .scatterlayer .trace path.js-line[d]")) return;
  observer.disconnect();
  requestAnimationFrame(() => { window.firstChart = performance.now(); });
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["d"] });
"""

# From the click on a tab until all of its charts are drawn, in ms.
SWITCH = """
(tab) => new Promise((done) => {
  const began = performance.now();
  const observer = new MutationObserver(() => {
    const cards = document.querySelectorAll(`#grid-${tab} .card`).length;
    const drawn = document.querySelectorAll(`#grid-${tab} .js-plotly-plot .trace`);
    const charts = new Set([...drawn].map((trace) => trace.closest(".card")));
    if (!cards || charts.size < cards) return;
    observer.disconnect();
    requestAnimationFrame(() => done(performance.now() - began));
  });
  observer.observe(document.getElementById("board"), { subtree: true, childList: true });
  document.getElementById(`tab-${tab}`).click();
})
"""

# ``count`` ticks one after the other, each until every chart is drawn anew; their durations in ms.
TICKS = """
async (count) => {
  const graphs = [...document.querySelectorAll(".js-plotly-plot")];
  const once = (graph) => new Promise((done) => {
    const drawn = () => { graph.removeListener("plotly_afterplot", drawn); done(); };
    graph.on("plotly_afterplot", drawn);
  });
  const took = [];
  for (let tick = 0; tick < count; tick += 1) {
    const began = performance.now();
    const drawn = Promise.all(graphs.map(once));
    metrics.refresh.now();
    await drawn;
    took.push(performance.now() - began);
  }
  return took;
}
"""


@contextmanager
def served(database: Database) -> Iterator[str]:
    """The address of the page, served from a process of its own."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.page_server"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database.dsn(), "METRICS_REFRESH_INTERVAL": str(REFRESH_SECONDS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(child.stdout.readline())}{BASE_PATH}"
    finally:
        child.stdin.close()
        child.wait(timeout=30)


def run(quick: bool) -> list[Row]:
    """A day of events (a tenth with ``quick``), then each figure once."""
    with fresh_database() as database:
        insert_events(events(10_000 if quick else 100_000, minutes=24 * 60))
        roll_up_all(database)
        with served(database) as address, sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)
            rows = [_cold_load(chromium, address, 3 if quick else 9)]
            page = _open(chromium, address)
            rows.append(_tab_switch(page, 2 if quick else 8))
            ticks, question = _ticks(page, 10 if quick else 50)
            rows += ticks
            page.context.close()
            rows.append(_heap(chromium, address, 200 if quick else TICKS_OF_A_DAY))
            chromium.close()
            rows += _viewers(question, 50 if quick else 200, seconds=20 if quick else 60)
    return rows


def _chromium() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise RuntimeError("the page's benchmark needs a Chromium; install one or set CHROMIUM to its path")
    return found


def _open(chromium: Browser, address: str, query: str = "tab=combat&range=24h&refresh=off") -> Page:
    page = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.add_init_script(FIRST_CHART)
    page.goto(f"{address}?{query}")
    page.wait_for_function("() => window.firstChart > 0 && metrics.answer !== null")
    return page


def _cold_load(chromium: Browser, address: str, times: int) -> Row:
    """Each in a new profile: nothing is cached but the connection-less facts of the browser itself."""
    took = []
    for _ in range(times):
        page = _open(chromium, address)
        took.append(page.evaluate("window.firstChart"))
        page.context.close()
    seconds = statistics.median(took) / 1000
    return Row("page: cold load to the first chart", seconds, "s", "", None, "≤ 1.2 s", seconds <= 1.2)


def _tab_switch(page: Page, rounds: int) -> Row:
    took = [page.evaluate(SWITCH, tab) for _ in range(rounds) for tab in TABS]
    middle = statistics.median(took)
    return Row("page: tab switch, all charts drawn", middle, "ms", "", None, "≤ 150 ms", middle <= 150)


def _ticks(page: Page, count: int) -> tuple[list[Row], Request]:
    page.evaluate(SWITCH, "combat")
    with page.expect_request(lambda request: QUESTION in request.url) as asked:
        page.evaluate(TICKS, 3)
    middle = statistics.median(page.evaluate(TICKS, count))
    kilobytes = asked.value.sizes()["responseBodySize"] / 1000
    rows = [
        Row("page: tick at 24 h, all charts drawn", middle, "ms", "", None, "≤ 100 ms", middle <= 100),
        Row("page: tick at 24 h on the wire", kilobytes, "kB", "", None, "≤ 30 kB", kilobytes <= 30),
    ]
    return rows, asked.value


def _heap(chromium: Browser, address: str, ticks: int) -> Row:
    """Fast ticks on a wall, the garbage collected before each look."""
    page = _open(chromium, address, "tab=combat&range=24h&refresh=off&kiosk=1")
    session = page.context.new_cdp_session(page)
    page.evaluate(TICKS, WARM_UP_TICKS)
    before = _heap_megabytes(session)
    for _ in range(WARM_UP_TICKS, ticks, 100):
        page.evaluate(TICKS, 100)
    after = _heap_megabytes(session)
    page.context.close()
    ratio = after / before
    name = f"page: heap after {ticks:,} ticks"
    return Row(name, after, "MB", f"{before:.1f} MB after {WARM_UP_TICKS}", ratio, "≤ 1.5 ×", ratio <= 1.5)


def _heap_megabytes(session: CDPSession) -> float:
    for _ in range(3):
        session.send("HeapProfiler.collectGarbage")
    used: float = session.send("Runtime.getHeapUsage")["usedSize"]
    return used / 1e6


# Many viewers


@dataclass(frozen=True)
class Question:
    """A tick as a browser sends it, and where to."""

    host: str
    port: int
    target: str
    body: str
    headers: dict[str, str]

    @classmethod
    def of(cls, request: Request) -> "Question":
        parts = urlsplit(request.url)
        headers = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate, br, zstd"}
        assert parts.hostname is not None
        assert parts.port is not None
        return cls(parts.hostname, parts.port, f"{parts.path}?{parts.query}", request.post_data or "", headers)

    def statements(self) -> int:
        """How many the server has sent so far."""
        connection = http.client.HTTPConnection(self.host, self.port)
        connection.request("GET", "/statements")
        count: int = json.loads(connection.getresponse().read())["statements"]
        connection.close()
        return count


def _viewers(request: Request, viewers: int, seconds: int) -> list[Row]:
    """Everybody at the same pace, spread evenly; each on a connection of its own, as browsers are."""
    question = Question.of(request)
    alone = _statements_per_tick(question, 1, seconds)[0]
    together, latencies = _statements_per_tick(question, viewers, seconds)
    slow = statistics.quantiles(latencies, n=20)[-1]
    who = f"{viewers} viewers at {REFRESH_SECONDS} s"
    return [
        Row(f"page: {who}, p95", slow, "ms", "", None, "≤ 100 ms", slow <= 100),
        Row(
            f"page: statements per tick, {viewers} viewers",
            together,
            "",
            f"{alone:.3g} with one",
            together / alone if alone else None,
            "as with one",
            together <= alone * 1.05,
        ),
    ]


def _statements_per_tick(question: Question, viewers: int, seconds: int) -> tuple[float, list[float]]:
    before = question.statements()
    began = time.monotonic()
    latencies: list[float] = []
    crowd = [
        threading.Thread(target=_view, args=(question, began, number / viewers, seconds, latencies))
        for number in range(viewers)
    ]
    for viewer in crowd:
        viewer.start()
    for viewer in crowd:
        viewer.join()
    ticks = seconds / REFRESH_SECONDS
    return (question.statements() - before) / ticks, latencies


def _view(question: Question, began: float, phase: float, seconds: int, latencies: list[float]) -> None:
    """Ask every ten seconds; what counts is the time from when the question was due."""
    connection = http.client.HTTPConnection(question.host, question.port, timeout=30)
    connection.connect()
    for tick in range(seconds // REFRESH_SECONDS):
        due = began + (tick + phase) * REFRESH_SECONDS
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("POST", question.target, question.body, question.headers)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200 or not body:
            raise RuntimeError(f"a viewer was answered {answer.status}")
        latencies.append((time.monotonic() - due) * 1000)
    connection.close()
