"""Pictures of every tab, light and dark, on a phone and on a wall, and of every state: ``make screenshots``.

They go into docs/screenshots. A database of its own is filled with the demo's simulated history (the same for every run
at the same hour), and the page is photographed in a headless Chromium, also in each of its states.
``--days 3`` is quicker than a month; ``--only combat`` takes the pictures whose names begin like this.
"""

import argparse
import logging
import math
import random
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from unittest import mock

from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console
from rich.progress import track
from werkzeug.serving import make_server

from app import create_app
from db.aggregates import Aggregate
from db.annotations import Annotation, put_annotations
from db.collectors import INGEST_EVENT, PROCESS_EVENT, REFUSALS_EVENT, REFUSED_EVENT, refused_pair
from db.declared import declare
from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from db.rows import SAMPLE
from metrics_dash.catalog import DEFAULT_PATH, load_catalog
from metrics_dash.demo.simulation import Simulation
from metrics_dash.demo.status import HEARTBEAT
from metrics_dash.ingest.collector import Collector
from metrics_dash.ingest.event import Event, check_event
from metrics_dash.jobs.rollup import roll_up_all
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH, PIPELINE_PATH

FOLDER = Path(__file__).parents[1] / "docs" / "screenshots"
FLAGS = ["--no-sandbox", "--headless=new", "--disable-background-networking", "--force-color-profile=srgb"]
HOUR = 3600
SCREEN, PHONE, WALL, PAPER = (1440, 900), (390, 844), (1920, 1080), (1054, 726)
LIST = "#card-login-rate .notes-list > summary"
READY = "#grid-{tab} .js-plotly-plot .xaxislayer-above, #grid-{tab} .chart-state:not(:empty)"

out = Console()


@dataclass(frozen=True)
class Shot:
    """One picture: a file name, an address, the size of the window, and what the system prefers.

    Once the page is drawn, ``then`` happens, something is clicked, a key is pressed, and ``until`` is waited for.
    ``glance``: nobody touches the page, and no script runs."""

    name: str
    tab: str
    query: str
    size: tuple[int, int] = SCREEN
    more: dict[str, Any] = field(default_factory=dict)
    then: Callable[[Page], None] | None = None
    click: str | None = None
    press: str | None = None
    until: str | None = None
    hover: str | None = None
    glance: bool = False

    @property
    def address(self) -> str:
        return f"{BASE_PATH}?tab={self.tab}&{self.query}"


def shots() -> Iterator[Shot]:
    """Every tab in both themes, on a phone and on a wall; and every range once."""
    tabs = load_catalog().tabs
    for tab in tabs:
        yield Shot(f"{tab.id}-light", tab.id, "range=7d&theme=light")
        yield Shot(f"{tab.id}-dark", tab.id, "range=7d&theme=dark")
        yield Shot(f"{tab.id}-phone", tab.id, "range=7d&theme=light", PHONE, {"device_scale_factor": 2})
        yield Shot(f"{tab.id}-wall", tab.id, "range=7d&kiosk=1&rotate=30", WALL)
    for length in ("1h", "6h", "24h", "30d"):
        yield Shot(f"range-{length}", tabs[0].id, f"range={length}&theme=light")
    yield Shot("compare-week", tabs[-1].id, "range=7d&compare=week&theme=dark")
    yield Shot("split", tabs[-1].id, "range=7d&split=creatures-killed:zone&theme=light")
    yield Shot("logarithmic", tabs[-1].id, "range=7d&log=1&theme=light")
    yield Shot("popover", tabs[-1].id, "range=7d&theme=light", click="#custom-range > summary")
    yield Shot("popover-phone", tabs[-1].id, "range=24h&theme=light", PHONE, click="#custom-range > summary")
    yield Shot("range-90d", tabs[1].id, "from=now-90d&to=now&theme=light")
    yield Shot("keyboard", tabs[-1].id, "range=7d&theme=dark", press="?")
    yield Shot("state-none-in-range", tabs[-1].id, "from=now-300d&to=now-299d&theme=light")


def handheld() -> Iterator[Shot]:
    """The narrowest phone, and a crosshair that a finger has pinned."""
    touch: dict[str, Any] = {"device_scale_factor": 2, "has_touch": True, "is_mobile": True}

    def tap(page: Page) -> None:
        page.locator("#card-creatures-killed .graph").tap()

    yield Shot("phone-glance", "auth", "range=24h&tz=Europe/Berlin&theme=light", PHONE, touch, glance=True)
    yield Shot("phone-narrow", "auth", "range=24h&theme=light", (320, 640), touch)
    pinned, until = "range=24h&split=creatures-killed:zone&theme=light", "#reader-creatures-killed[data-on]"
    yield Shot("phone-pinned", "combat", pinned, PHONE, touch, then=tap, until=until)


def turning() -> Iterator[Shot]:
    """What a wall shows in turn, beside tabs: a value of a dimension."""
    query, until = "range=7d&kiosk=1&rotate=30&rotate_by=zone", "#wall-part:not(:empty)"
    yield Shot("wall-value", "gameplay", query, WALL, press="ArrowRight", until=until)


def closer() -> Iterator[Shot]:
    """What is opened over the charts, what is printed, and what of an address can't be read."""
    table = _script("document.querySelector('#card-login-results [data-open=table]').click()")
    events = _script(
        "const start = Math.floor(metrics.answer.end / 36e5 - 1) * 36e5;"
        " const from = document.getElementById('reader-login-rate');"
        " metrics.events.announce('point', { chart: 'login-rate', start, from })"
    )
    for theme in ("light", "dark"):
        query = f"range=24h&res=1h&theme={theme}"
        yield Shot(f"table-{theme}", "auth", query, then=table, until="#details tbody tr")
        yield Shot(f"events-{theme}", "auth", query, then=events, until="#details tbody tr")
        yield Shot(f"state-unread-{theme}", "auth", f"range=24h&tz=Mars/Olympus&compare=year&refresh=off&theme={theme}")
    phone: dict[str, Any] = {"device_scale_factor": 2}
    yield Shot(
        "table-phone", "auth", "range=24h&res=1h&theme=light", PHONE, phone, then=table, until="#details tbody tr"
    )
    paper = _script("window.dispatchEvent(new Event('beforeprint'))")
    yield Shot("paper", "auth", "range=7d&theme=dark", PAPER, then=paper, until="html[data-print]")
    yield Shot(
        "forced-colours", "auth", "range=7d&theme=dark", more={"forced_colors": "active", "color_scheme": "dark"}
    )
    # In the last row that the window shows.
    yield Shot("menu-up", "auth", "range=7d&theme=light", click="#card-unique-players .card-tools summary")


def _script(text: str) -> Callable[[Page], None]:
    def run(page: Page) -> None:
        page.evaluate(f"() => {{ {text}; }}")

    return run


def without_server() -> Iterator[Shot]:
    """Another tab was chosen, and the server does not answer."""
    common: dict[str, Any] = {"then": lose_server, "click": "#tab-combat", "until": "#freshness[data-tone=bad]"}
    for theme in ("light", "dark"):
        yield Shot(f"state-server-gone-{theme}", "auth", f"range=7d&theme={theme}", **common)
    yield Shot("state-server-gone-phone", "auth", "range=7d&theme=light", PHONE, {"device_scale_factor": 2}, **common)


def lose_server(page: Page) -> None:
    page.route("**/_dash-update-component*", lambda route: route.abort())


def without_database(database: Database) -> Iterator[Shot]:
    """Another range was chosen, and the database does not answer."""

    def fails(*_: object, **__: object) -> NoReturn:
        raise ConnectionError("the database is gone")

    for theme in ("light", "dark"):
        with ExitStack() as broken:

            def lose(page: Page, broken: ExitStack = broken) -> None:
                broken.enter_context(mock.patch.object(database, "reading", fails))

            common: dict[str, Any] = {"click": "#range-6h", "until": "#freshness[data-tone=bad]"}
            yield Shot(f"state-database-gone-{theme}", "auth", f"range=7d&theme={theme}", then=lose, **common)


def enter_odd_values(database: Database) -> None:
    """Values that look like markup, templates and paths."""
    values = ("Europe/Berlin", '<a href="https://example.org">gold</a>', "<b>bold</b>", "%{meta}", '"a" & b')
    now = datetime.now(UTC)
    insert_events(
        [
            {
                "event_name": "bezgelor.realm.session_start",
                "measurements": {"duration_ms": 900},
                "metadata": {"realm": value},
                "occurred_at": now - timedelta(minutes=minute),
            }
            for place, value in enumerate(values)
            for minute in range(60)
            for _ in range(4 + (minute * (place + 3)) % 7)
        ],
        database=database,
    )
    roll_up_all(database)


def _annotated() -> Iterator[Shot]:
    for theme in ("light", "dark"):
        yield Shot(f"annotations-{theme}", "auth", f"range=24h&theme={theme}", hover=".note-foot:nth-last-of-type(2)")
    yield Shot("annotations-phone", "auth", "range=24h&theme=light", PHONE, {"device_scale_factor": 2}, click=LIST)
    yield Shot("annotations-wall", "auth", "range=24h&kiosk=1", WALL)


def _refused() -> Shot:
    return Shot("state-refused", "combat", "range=24h&res=hour&theme=light")


# Of gauges, for pictures of charts that are held against something: one warns, the others have met their targets.
BOUNDS = {
    "players-online": 'good = "up"\ntarget = 400\nwarn = 300',
    "creatures-spawned": 'good = "down"\ntarget = 4000\nwarn = 4500\nmin = 1000\nmax = 5000',
    "active-zones": 'good = "up"\ntarget = 10',
}


def _bounded() -> Iterator[Shot]:
    for theme in ("light", "dark"):
        yield Shot(f"bounds-{theme}", "server", f"range=24h&theme={theme}")
    yield Shot("bounds-wall", "server", "range=24h&kiosk=1", WALL)
    yield Shot("bounds-phone", "server", "range=24h&theme=dark", PHONE, {"device_scale_factor": 2})


def _with_bounds() -> str:
    """Return a catalog in which charts have a target and warn."""
    text = DEFAULT_PATH.read_text(encoding="utf-8").replace('draw = "line"\ngood = "up"', 'draw = "line"')
    for chart, declared in BOUNDS.items():
        text = text.replace(f'id = "{chart}"', f'id = "{chart}"\n{declared}')
    return text


# A tab of tables: where players fight, what that earns them, and where they come in.
_TOPS = """
[[tabs]]
id = "zones"
title = "Zones"

[[tabs.charts]]
id = "kills-by-zone"
title = "Creatures Killed"
event = "bezgelor.creature.killed"
show = "count"
draw = "top"
split_by = "zone"
good = "up"

[[tabs.charts]]
id = "kills"
title = "Creatures Killed"
event = "bezgelor.creature.killed"
show = "count"
draw = "area"
split_by = "zone"

[[tabs.charts]]
id = "xp-by-zone"
title = "XP Awarded"
event = "bezgelor.creature.killed"
measurement = "xp_reward"
show = "sum"
draw = "top"
split_by = "zone"
good = "up"

[[tabs.charts]]
id = "session-start-by-realm"
title = "Session Start p95"
event = "bezgelor.realm.session_start"
measurement = "duration_ms"
show = "p95"
draw = "top"
split_by = "realm"
good = "down"
"""


def _listed() -> Iterator[Shot]:
    for theme in ("light", "dark"):
        yield Shot(f"top-{theme}", "zones", f"range=24h&theme={theme}")
    yield Shot("top-phone", "zones", "range=24h&theme=light", PHONE, {"device_scale_factor": 2})
    yield Shot("top-wall", "zones", "range=24h&kiosk=1", WALL)


def _with_tops() -> str:
    return DEFAULT_PATH.read_text(encoding="utf-8") + _TOPS


def _crowded() -> str:
    """Return a catalog with a tab of 40 charts."""
    events = ("quest.accepted", "creature.killed", "world.player_entered", "auth.login_complete")
    charts = (
        f'[[tabs.charts]]\nid = "many-{number}"\ntitle = "Chart {number + 1}"\n'
        f'event = "bezgelor.{events[number % len(events)]}"\nshow = "count"\n\n'
        for number in range(40)
    )
    tab = '\n[[tabs]]\nid = "many"\ntitle = "Many"\n\n'
    return DEFAULT_PATH.read_text(encoding="utf-8") + tab + "".join(charts)


@contextmanager
def _declaring(text: str) -> Iterator[Settings]:
    """Settings with that catalog."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.toml"
        path.write_text(text, encoding="utf-8")
        yield Settings(catalog=path)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--days", type=int, default=30)
    options.add_argument("--only", default="", help="take the pictures whose name begins like this")
    options.add_argument("--data-dir", type=Path, help="keep the database here, and use it again")
    chosen = options.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with _database(chosen.data_dir) as database, _served(database) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_chromium(), args=FLAGS)

        def photograph(shot: Shot, at: str = address) -> None:
            if shot.name.startswith(chosen.only):
                take(browser, at, shot)

        def state(shot: Shot) -> None:
            # By an application of its own: the other one answers from its cache until the next tick.
            with _served(database) as anew:
                if shot.name.startswith(chosen.only):
                    take(browser, anew, shot)

        if _is_empty(database):
            state(Shot("state-never-seen", "combat", "range=24h&theme=light"))
            hold_up(database)
            state(Shot("state-failing", "combat", "range=24h&theme=light"))
        fill(database, chosen.days)
        for shot in (*shots(), *handheld(), *turning(), *closer(), *without_server()):
            photograph(shot)
        with _declaring(_with_bounds()) as settings, _served(database, settings) as held_against:
            for shot in _bounded():
                photograph(shot, held_against)
        with _declaring(_with_tops()) as settings, _served(database, settings) as ranked:
            for shot in _listed():
                photograph(shot, ranked)
        with _declaring(_crowded()) as settings, _served(database, settings) as crowded:
            photograph(Shot("wall-pages", "many", "range=7d&kiosk=1&rotate=30", WALL), crowded)
        for shot in without_database(database):
            photograph(shot)
        enter_odd_values(database)
        for theme in ("light", "dark"):
            state(Shot(f"state-odd-values-{theme}", "auth", f"range=1h&split=session-starts:realm&theme={theme}"))
        annotate(database)
        for shot in _annotated():
            state(shot)
        if "pipeline".startswith(chosen.only) or chosen.only.startswith("pipeline"):
            run_pipeline(database)
            with _served(database) as anew:
                pipeline(browser, anew)
        refuse(database)
        state(_refused())
        forget(database)
        state(Shot("state-past-retention", "combat", "from=now-300d&to=now-299d&theme=light"))
        browser.close()


def _is_empty(database: Database) -> bool:
    with database.reading() as connection:
        return not connection.exec_driver_sql("SELECT EXISTS (SELECT FROM telemetry_buckets)").scalar()


def hold_up(database: Database) -> None:
    """Events that came ten minutes ago and are in no bucket yet, as when nothing rolls up."""
    insert_events([{"event_name": "bezgelor.combat.damage", "measurements": {"damage_amount": 1}}], database=database)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE rollup_dirty SET marked_at = now() - interval '10 minutes'")


def annotate(database: Database) -> None:
    """What people and programs said of the last day: releases, an outage, and a burst of fixes."""
    now = datetime.now(UTC)
    said = [
        (20, 0, "1.8.0", "Season 3 begins", ("release",), "ci"),
        (13, 2, "Realm 2 down", "A disk was full", ("incident",), "on-call"),
        *((6 - number / 20, 0, f"1.8.{number + 1}", "Fix", ("release",), "ci") for number in range(6)),
        (3, 0, "Double XP", "Until Monday", ("event",), "game masters"),
    ]
    with database.begin() as connection:
        for number, (ago, hours, title, words, tags, source) in enumerate(said):
            start = now - timedelta(hours=ago)
            end = start + timedelta(hours=hours)
            put_annotations(connection, [Annotation(f"shot-{number}", start, end, title, words, tags, None, source)])


def run_pipeline(database: Database) -> None:
    """A day of what the application says of itself, and a sender that fell silent."""
    collector, chance = Collector(database, flush_interval=0.1), random.Random(1)  # noqa: S311 - a picture
    collector.start()
    now = datetime.now(UTC)
    for minutes in range(0, 24 * 60, 5):
        at = now - timedelta(minutes=minutes)
        busy = 1 - math.cos(math.tau * minutes / 1440) / 2
        rows = []
        for sender, form, rate in (("realm-1", "otlp", 612), ("realm-2", "json", 588), ("web", "posthog", 40)):
            many = round(300 * rate * busy * chance.uniform(0.9, 1.1))
            rows.append(_sent(sender, form, many, at))
        if minutes > 200:
            rows.append(_sent("telegraf-db", "influx", 900, at))
        if 395 < minutes < 420:
            rows.append(Event(REFUSALS_EVENT, {}, {"reason": "buffer_full"}, at, weight=52))
        measured = {
            "buffered": 300 * busy,
            "viewers": 9.0 * busy,
            "walls": 3.0,
            "lag_s": 0.8 * busy,
            "dirty": 40 * busy,
        }
        times = {
            name: Aggregate(60, 60 * mean * busy, mean / 3, mean * chance.uniform(2, 5))
            for name, mean in (("flush_ms", 14), ("rollup_ms", 160), ("callback_ms", 22))
        }
        rows.append(Event(PROCESS_EVENT, measured, {}, at, kind=SAMPLE, aggregates=times))
        collector.submit([check_event(row, now, own=True) for row in rows]).wait(30)
    collector.stop()
    roll_up_all(database)


def _sent(sender: str, form: str, many: int, at: datetime) -> Event:
    return Event(INGEST_EVENT, {}, {"sender": sender, "format": form, "way": f"{form} {sender}"}, at, weight=many)


def pipeline(browser: Browser, address: str) -> None:
    """Photograph the pipeline page in both themes and on a phone."""
    for name, theme, (width, height) in (
        ("light", "light", SCREEN),
        ("dark", "dark", SCREEN),
        ("phone", "light", PHONE),
    ):
        scale = 2 if name == "phone" else 1
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme, device_scale_factor=scale
        )
        page = context.new_page()
        page.goto(f"{address}{PIPELINE_PATH}")
        page.wait_for_selector(".tile")
        page.screenshot(path=FOLDER / f"pipeline-{name}.png")
        context.close()
        out.print(f"pipeline-{name}.png  {width} × {height}")


def refuse(database: Database) -> None:
    """A report of refused events eight hours ago, as the collector makes it."""
    about = {"reason": "buffer_full", "what": refused_pair("bezgelor.creature.killed", "buffer_full")}
    report = {"measurements": {"events": 312}, "metadata": about}
    moment = datetime.now(UTC) - timedelta(hours=8)
    insert_events([{"event_name": REFUSED_EVENT, "occurred_at": moment, **report}], database=database)
    roll_up_all(database)


def forget(database: Database) -> None:
    """The floors as a purge leaves them: buckets of any level are held for the last 60 days."""
    with database.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE retention_floors SET ingest_floor = kept, recompute_floor = kept "
            "FROM (SELECT date_trunc('day', now(), 'UTC') - interval '60 days' AS kept) AS kept"
        )


def fill(database: Database, days: int) -> None:
    """Store ``days`` of simulated history up to now, where the store is still empty, and roll it up."""
    now = datetime.now(UTC)
    simulation = Simulation(seed=1)
    if not _is_empty(database):
        return
    last = int(now.timestamp()) // HOUR * HOUR
    for start in track(range(last - days * 24 * HOUR, last + 1, HOUR), "Simulating", console=out):
        happened = (one for one in simulation.hour(start) if one.at < now.timestamp())
        insert_events(
            [
                {
                    "event_name": one.event_name,
                    "measurements": one.measurements,
                    "metadata": one.metadata,
                    "occurred_at": datetime.fromtimestamp(one.at, UTC),
                }
                for one in happened
            ],
            database=database,
        )
    insert_events([{"event_name": HEARTBEAT, "occurred_at": now}], database=database)
    out.print("Rolling up …")
    catalog = load_catalog()
    roll_up_all(database, declared=catalog.declared)


def take(browser: Browser, address: str, shot: Shot) -> None:
    """Open the page, wait until its charts are drawn and its fonts are there, and save the picture."""
    width, height = shot.size
    context = browser.new_context(viewport={"width": width, "height": height}, timezone_id="Europe/Berlin", **shot.more)
    page = context.new_page()
    page.goto(address + shot.address)
    _wait(page, shot)
    if shot.then is not None:
        shot.then(page)
    if shot.click is not None:
        page.click(shot.click)
    if shot.hover is not None:
        page.hover(shot.hover)
    if shot.press is not None:
        page.keyboard.press(shot.press)
    if shot.until is not None:
        page.wait_for_selector(shot.until)
    # What a wall showed before lies over what it shows for a moment.
    page.wait_for_selector(".still", state="detached")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    path = FOLDER / f"{shot.name}.png"
    page.screenshot(path=path)
    context.close()
    out.print(f"{path.name}  {width} × {height}")


def _wait(page: Page, shot: Shot) -> None:
    if shot.glance:
        page.wait_for_selector("link[rel=prefetch][as=script]", state="attached")
        return
    page.dispatch_event("body", "pointerdown")
    page.wait_for_selector(READY.format(tab=shot.tab), state="attached")
    page.wait_for_function("() => metrics.answer !== null && document.fonts.status === 'loaded'")


@contextmanager
def _database(data_dir: Path | None) -> Iterator[Database]:
    folder = data_dir or Path(tempfile.mkdtemp(prefix="metrics-screenshots-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    database = Database(data_dir=folder)
    try:
        database.start()
        migrate(database)
        with database.begin() as connection:
            declare(connection, load_catalog().declared)
        yield database
    finally:
        database.close()
        if data_dir is None:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _served(database: Database, settings: Settings | None = None) -> Iterator[str]:
    app = create_app(settings or Settings(), database=database)
    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(timeout=10)


def _chromium() -> str | None:
    """The system's Chromium, or None for Playwright's own."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


if __name__ == "__main__":
    main()
