"""The page in a headless Chromium: cold load, tab switch, tick, memory after a day of a wall; and many viewers.

Nothing here waits for ever: what does not come in time becomes a row that says so, and the others are measured.
"""

import http.client
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from playwright.sync_api import Browser, CDPSession, Page, Playwright, Request, sync_playwright

from benchmarks.harness import day_of_events, fresh_database, store, temporary_folder
from benchmarks.page_scripts import FIRSTS, KEEPING, SIGHTS, SWITCH, TICKS
from benchmarks.table import Row
from db.engine import Database
from metrics_dash.catalog import DEFAULT_PATH
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.web.paths import BASE_PATH

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--enable-precise-memory-info",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
Result = TypeVar("Result")
TABS = ("auth", "gameplay", "combat", "server")
REFRESH_SECONDS = 10
TICKS_OF_A_DAY = 8640
WARM_UP_TICKS = 100
TICKS_AT_ONCE = 100
QUESTION = "_dash-update-component"
# How long one step may take, and all ticks of the heap together; seconds.
STEP_SECONDS = 120.0
HEAP_SECONDS = 300.0
# Charts of a tab that has too many.
MANY = 40


class NotMeasuredError(RuntimeError):
    """Something did not come in time, or not at all. The message says what."""


@contextmanager
def served(database: Database, **environment: str) -> Iterator[str]:
    """The address of the page, served from a process of its own. ``environment``: further settings."""
    child = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.page_server"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database.dsn(),
            "METRICS_REFRESH_INTERVAL": str(REFRESH_SECONDS),
            **environment,
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        overdue = threading.Timer(STEP_SECONDS, child.kill)
        overdue.start()
        port = child.stdout.readline().strip()
        overdue.cancel()
        if not port:
            raise NotMeasuredError(f"the server did not start (exit status {child.wait()})")
        yield f"http://127.0.0.1:{port}{BASE_PATH}"
    finally:
        child.stdin.close()
        try:
            child.wait(timeout=STEP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def run(quick: bool) -> list[Row]:
    """A day of events (a tenth of what players do with ``quick``), then each figure once."""
    with fresh_database() as database:
        store(database, day_of_events(0.1 if quick else 1.0))
        roll_up_all(database)
        with served(database) as address:
            with sync_playwright() as playwright:
                rows = _in_chromium(playwright, address, quick)
            viewers = 50 if quick else 200
            rows += _rows_of("many viewers", lambda: _viewers(address, viewers, ticks=2 if quick else 6))
        rows += _rows_of(f"{MANY} charts", lambda: _many_charts(database, 1 if quick else 4))
    return rows


def _in_chromium(playwright: Playwright, address: str, quick: bool) -> list[Row]:
    """What is measured in a browser; each in a browser of its own, so that none suffers from another's end."""
    figures: Sequence[tuple[str, Callable[[Browser], list[Row]]]] = (
        ("cold load", lambda chromium: _cold_load(chromium, address, 3 if quick else 9)),
        ("tab switch", lambda chromium: _tab_switch(chromium, address, 2 if quick else 8)),
        ("tick", lambda chromium: _ticks(chromium, address, 10 if quick else 50)),
        ("heap", lambda chromium: _heap(chromium, address, 300 if quick else TICKS_OF_A_DAY)),
    )
    rows: list[Row] = []
    for name, figure in figures:
        rows += _rows_of(name, partial(_with_chromium, playwright, figure))
    return rows


def _with_chromium(playwright: Playwright, work: Callable[[Browser], Result]) -> Result:
    chromium = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
    try:
        return work(chromium)
    finally:
        chromium.close()


def _rows_of(name: str, figure: Callable[[], list[Row]]) -> list[Row]:
    """The rows, or one that says why there are none. Whatever it is that fails, the others are still measured."""
    try:
        return figure()
    except Exception as error:
        reason = str(error).partition("\n")[0]
        return [Row(f"page: {name}", math.nan, "", f"not measured: {reason}", None, "to be measured", False)]


def _measured(page: Page, script: str, argument: Any) -> Any:
    """What a script's promise gives. Raises ``NotMeasuredError`` where that is an error, or takes too long."""
    page.evaluate(KEEPING.replace("SCRIPT", script.strip()), argument)
    page.wait_for_function("() => window.measured !== null", polling=100, timeout=STEP_SECONDS * 1000)
    result: dict[str, Any] = page.evaluate("window.measured")
    if "error" in result:
        raise NotMeasuredError(result["error"])
    return result["value"]


def chromium_path() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise RuntimeError("the page's benchmark needs a Chromium; install one or set CHROMIUM to its path")
    return found


def _open(chromium: Browser, address: str, query: str = "tab=combat&range=24h&refresh=off") -> Page:
    page = chromium.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    page.add_init_script(FIRSTS)
    page.set_default_timeout(STEP_SECONDS * 1000)
    page.goto(f"{address}?{query}")
    page.wait_for_function("() => window.firstChart > 0 && metrics.answer !== null")
    return page


def _cold_load(chromium: Browser, address: str, times: int) -> list[Row]:
    """Each in a new profile: nothing is cached. The first of all is the server's warm-up, and not counted."""
    numbers, charts = [], []
    for _ in range(times + 1):
        page = _open(chromium, address)
        numbers.append(page.evaluate("window.firstNumber"))
        charts.append(page.evaluate("window.firstChart"))
        page.context.close()
    number, chart = statistics.median(numbers[1:]), statistics.median(charts[1:]) / 1000
    return [
        Row("page: cold load to the first numbers", number, "ms", "", None, "≤ 300 ms", number <= 300),
        Row("page: cold load to the first chart", chart, "s", "", None, "≤ 0.9 s", chart <= 0.9),
    ]


def _tab_switch(chromium: Browser, address: str, rounds: int) -> list[Row]:
    page = _open(chromium, address)
    took = [_measured(page, SWITCH, tab) for _ in range(rounds + 1) for tab in TABS]
    middle = statistics.median(took[len(TABS) :])
    return [Row("page: tab switch, all charts drawn", middle, "ms", "", None, "≤ 100 ms", middle <= 100)]


def _many_charts(database: Database, rounds: int) -> list[Row]:
    """From the click on a tab of many charts until all of them are drawn, whether in sight or not; and until those are
    that somebody sees, there and after a jump to the end."""
    with temporary_folder() as folder:
        catalog = folder / "many.toml"
        catalog.write_text(_catalog_of(MANY), encoding="utf-8")
        with served(database, METRICS_CATALOG=str(catalog)) as address, sync_playwright() as playwright:
            found = _with_chromium(playwright, lambda chromium: _many_drawn(chromium, address, rounds))
    names = ("all drawn", "those in sight drawn", "drawn after a jump to its end")
    rows = zip(names, (each / 1000 for each in found), strict=True)
    return [
        Row(f"page: {MANY} charts in a tab, {name}", seconds, "s", "", None, "≤ 1.5 s", seconds <= 1.5)
        for name, seconds in rows
    ]


def _many_drawn(chromium: Browser, address: str, rounds: int) -> tuple[float, float, float]:
    """Until all are drawn, until those in sight are, and until those are that come into sight at the end; in ms."""
    page = _open(chromium, address, "tab=few&range=24h&refresh=off")
    took = [_measured(page, SWITCH, tab) for _ in range(rounds + 1) for tab in ("many", "few")]
    sights = []
    for _ in range(rounds):
        sights.append(_measured(page, SIGHTS, "many"))
        _measured(page, SWITCH, "few")
    first, jumped = (statistics.median(each) for each in zip(*sights, strict=True))
    return statistics.median(took[2::2]), first, jumped


def _catalog_of(charts: int) -> str:
    """A catalog with a tab of so many charts: those of the default one, over and over under other ids. The first of
    all stands alone in another tab."""
    events, *tables = re.split(
        r"(?=^\[\[tabs(?:\.charts)?\]\])", DEFAULT_PATH.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    those = [table for table in tables if table.startswith("[[tabs.charts]]")]
    many = "".join(
        re.sub(r'^id = "', f'id = "n{number}-', table, flags=re.MULTILINE)
        for number, table in zip(range(charts), cycle(those), strict=False)
    )
    few = f'[[tabs]]\nid = "few"\ntitle = "Few"\n{those[0]}'
    return f'{events}{few}\n[[tabs]]\nid = "many"\ntitle = "Many"\n{many}'


def _ticks(chromium: Browser, address: str, count: int) -> list[Row]:
    page = _open(chromium, address)
    with page.expect_request(lambda request: QUESTION in request.url) as asked:
        _measured(page, TICKS, 3)
    middle = statistics.median(_measured(page, TICKS, count))
    kilobytes = asked.value.sizes()["responseBodySize"] / 1000
    return [
        Row("page: tick at 24 h, all charts drawn", middle, "ms", "", None, "≤ 50 ms", middle <= 50),
        Row("page: tick at 24 h on the wire", kilobytes, "kB", "", None, "≤ 30 kB", kilobytes <= 30),
    ]


def _heap(chromium: Browser, address: str, ticks: int) -> list[Row]:
    """Fast ticks on a wall, the garbage collected before each look. Where a slow machine doesn't come to all of them
    in time, what the rest would add is added at the rate of those that were driven; the row says so."""
    page = _open(chromium, address, "tab=combat&range=1h&refresh=off&kiosk=1")
    session = page.context.new_cdp_session(page)
    _measured(page, TICKS, WARM_UP_TICKS)
    before = _heap_megabytes(session)
    driven = WARM_UP_TICKS
    until = time.monotonic() + HEAP_SECONDS
    while driven < ticks and time.monotonic() < until:
        _measured(page, TICKS, TICKS_AT_ONCE)
        driven += TICKS_AT_ONCE
    after = _heap_megabytes(session)
    name = f"page: heap after {ticks:,} ticks"
    if driven < ticks:
        after += (after - before) / (driven - WARM_UP_TICKS) * (ticks - driven)
        name += f", reckoned from {driven:,}"
    ratio = after / before
    return [Row(name, after, "MB", f"{before:.1f} MB after {WARM_UP_TICKS}", ratio, "≤ 1.5 ×", ratio <= 1.5)]


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
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.request("GET", "/statements")
        count: int = json.loads(connection.getresponse().read())["statements"]
        connection.close()
        return count


def _viewers(address: str, viewers: int, ticks: int) -> list[Row]:
    """Everybody at the same pace, spread evenly; each on a connection of its own, as browsers are."""
    with sync_playwright() as playwright:
        question = _with_chromium(playwright, lambda chromium: _question(chromium, address))
    alone = _statements_per_tick(question, 1, ticks)[0]
    together, latencies = _statements_per_tick(question, viewers, ticks)
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
            together <= alone,
        ),
    ]


def _question(chromium: Browser, address: str) -> Question:
    """A tick as the page asks it."""
    page = _open(chromium, address)
    with page.expect_request(lambda request: QUESTION in request.url) as asked:
        _measured(page, TICKS, 1)
    return Question.of(asked.value)


def _statements_per_tick(question: Question, viewers: int, ticks: int) -> tuple[float, list[float]]:
    """From the beginning of one of the server's ticks to the end of another, so that whole ticks are counted."""
    began = time.monotonic() + REFRESH_SECONDS - time.time() % REFRESH_SECONDS
    time.sleep(max(0.0, began - time.monotonic()))
    before = question.statements()
    latencies: list[float] = []
    failures: list[str] = []
    crowd = [
        threading.Thread(
            target=_view, args=(question, began, number / viewers, ticks, latencies, failures), daemon=True
        )
        for number in range(viewers)
    ]
    for viewer in crowd:
        viewer.start()
    for viewer in crowd:
        viewer.join(timeout=ticks * REFRESH_SECONDS + STEP_SECONDS)
    if failures or len(latencies) < viewers * ticks:
        raise NotMeasuredError(failures[0] if failures else "viewers got no answer")
    return (question.statements() - before) / ticks, latencies


def _view(
    question: Question, began: float, phase: float, ticks: int, latencies: list[float], failures: list[str]
) -> None:
    """Ask every ten seconds; what counts is the time from when the question was due."""
    # Within the tick, and clear of its ends: a question that comes a little late still belongs to its own.
    offset = (0.05 + 0.8 * phase) * REFRESH_SECONDS
    try:
        connection = http.client.HTTPConnection(question.host, question.port, timeout=30)
        connection.connect()
        for tick in range(ticks):
            due = began + tick * REFRESH_SECONDS + offset
            time.sleep(max(0.0, due - time.monotonic()))
            connection.request("POST", question.target, question.body, question.headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or not body:
                raise NotMeasuredError(f"a viewer was answered {answer.status}")
            latencies.append((time.monotonic() - due) * 1000)
        connection.close()
    except (OSError, http.client.HTTPException, NotMeasuredError) as error:
        failures.append(str(error) or type(error).__name__)
