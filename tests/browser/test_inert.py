"""What somebody stored is text and never more, on every page, in a real browser: no script, no element, no address.

Nor does a page rely on the content security policy for it: none of them breaks it even once.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, expect

from db.annotations import put_annotations
from db.audit_log import append
from db.engine import Database
from db.events import insert_events
from metrics_dash.auth import links, people, tokens
from metrics_dash.ingest.notes import annotation_of
from metrics_dash.jobs.rollup import roll_up_all
from tests.browser.conftest import Serve
from tests.support.looking import drawn

PASSWORD = "correct horse battery staple"
# Each says that it ran by a call of evil(); none has more than the 100 characters of a name.
PAYLOADS = (
    "<script>evil()</script>",
    "</script><script>evil()</script>",
    "<ScRiPt src=//x.example/evil.js></sCrIpT>",
    "<img src=x onerror=evil()>",
    "<img src=x onerror=evil() class=evil>",
    '"><img src=x onerror=evil()>',
    "'><svg onload=evil()>",
    "<svg/onload=evil()>",
    "<svg><script>evil()</script></svg>",
    "<svg><animate onbegin=evil() attributeName=x dur=1s>",
    "<iframe srcdoc='<script>parent.evil()</script>'>",
    "<iframe src=javascript:parent.evil()>",
    "<a href=javascript:evil()>a</a>",
    '<a href="javascript:evil()" target="_self">a</a>',
    "[a](javascript:evil())",
    "javascript:evil()//",
    "<body onload=evil()>",
    "<details open ontoggle=evil()>",
    "<input autofocus onfocus=evil()>",
    "<video><source onerror=evil()></video>",
    "<math><mtext><img src=x onerror=evil()></mtext></math>",
    "<style>@import 'javascript:evil()'</style>",
    "<span style=\"background:url('javascript:evil()')\">a</span>",
    "<b class=evil>bold</b><br><sup class=evil>a</sup>",
    "<template><script>evil()</script></template><x-evil>",
    "&lt;img src=x onerror=evil()&gt;&#60;script&#62;",
    "${evil()}{{evil()}}{%config%}<%= evil() %>",
    "<!--<script>--><script>evil()</script>",
    "\\x3cscript\\x3eevil()\\x3c/script\\x3e \\u003cscript>",
    "$\\unicode{<img src=x onerror=evil()>}$ (live)",
)
WATCH = """
window.broken = [];
window.evil = () => { window.broken.push("a script ran"); return "//"; };
window.alert = window.confirm = window.prompt = window.evil;
document.addEventListener("securitypolicyviolation", (event) => window.broken.push(
  `${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""
# Elements and addresses that only a payload can have made.
MADE = """
() => [...document.querySelectorAll(
  ".evil, x-evil, iframe, video, math, animate, [onerror], [onload], [ontoggle], [onbegin], [onfocus]")]
  .concat([...document.querySelectorAll("*")].filter((each) => ["href", "xlink:href", "src", "action"]
    .some((name) => /^\\s*javascript:/i.test(each.getAttribute(name) ?? ""))))
  .map((each) => each.outerHTML.slice(0, 200))
"""


@dataclass(frozen=True)
class House:
    """A served dashboard in which every text is a payload; ``user`` is an admin of such a name."""

    url: str
    user: str
    link: str

    @property
    def root(self) -> str:
        return self.url.removesuffix("/admin/metrics/")


def catalog(folder: Path) -> Path:
    """A tab for each ten payloads, with two charts of each; a payload is title, help, unit, and the tab's title too."""
    parts = []
    for number, payload in enumerate(PAYLOADS):
        words = json.dumps(payload)
        parts.append(
            f'[events."inert.e{number}"]\nkind = "timing"\nhelp = {words}\ndimensions = ["label"]\n'
            f"measurements.value = {{ unit = {words} }}"
        )
    for number, payload in enumerate(PAYLOADS):
        words = json.dumps(payload)
        if number % 10 == 0:
            parts.append(f'[[tabs]]\nid = "t{number // 10}"\ntitle = {words}')
        shared = f'title = {words}\nhelp = {words}\nevent = "inert.e{number}"'
        parts.append(f'[[tabs.charts]]\nid = "s{number}"\n{shared}\nshow = "count"\nsplit_by = "label"\ndraw = "bar"')
        parts.append(f'[[tabs.charts]]\nid = "a{number}"\n{shared}\nshow = "avg"\nmeasurement = "value"\ndraw = "line"')
    path = folder / "catalog.toml"
    path.write_text("\n".join(parts), encoding="utf-8")
    return path


def events(now: datetime) -> Iterator[dict[str, Any]]:
    """Of each name some minutes with the payload as a label, and once with all of them, as keys and as values."""
    for number, payload in enumerate(PAYLOADS):
        labels = {"label": payload, payload: payload}
        for minute in range(3, 40):
            yield {
                "event_name": f"inert.e{number}",
                "measurements": {"value": minute},
                "metadata": labels if minute % 2 else {f"k{each}": text for each, text in enumerate(PAYLOADS)} | labels,
                "occurred_at": now - timedelta(minutes=minute),
            }


@pytest.fixture
def house(database: Database, serve: Serve, tmp_path: Path) -> House:
    now = datetime.now(UTC)
    insert_events(list(events(now)))
    roll_up_all(database)
    for number, payload in enumerate(PAYLOADS):
        people.add(database, payload, role="admin", by=payload, password=PASSWORD if number == 3 else None)
        tokens.issue(database, payload, by=payload)
        link = links.issue(database, by=payload, tabs=(), known=())
        note = {"id": payload, "title": payload, "text": payload, "tags": [payload], "source": payload}
        note["url"] = f"https://example.org/{payload}"
        with database.begin() as connection:
            put_annotations(connection, [annotation_of(note, now - timedelta(minutes=number), timedelta(days=9))])
    # Last, so that the newest entries are these.
    with database.begin() as connection:
        for payload in PAYLOADS:
            append(connection, payload, payload, payload, address=payload, told=payload, all=[payload])
    url = serve(auth=("password",), data_dir=tmp_path, catalog=catalog(tmp_path))
    return House(url, PAYLOADS[3], str(link))


@pytest.fixture
def watched(open_page: Callable[..., Page]) -> Page:
    """A page on which a script that runs, or a policy that is broken, is noted."""
    page = open_page("about:blank")
    page.add_init_script(WATCH)
    return page


def check(page: Page, *shown: str) -> None:
    """Nothing ran, was made or was refused; and these texts stand there as they are."""
    content = page.evaluate("document.body.innerText")
    assert [text for text in shown if text not in content] == []
    assert page.evaluate(MADE) == []
    assert page.evaluate("window.broken") == []


def sign_in(page: Page, house: House) -> None:
    page.goto(f"{house.root}/admin/login?{urlencode({'next': f'javascript:evil()//{PAYLOADS[0]}'})}")
    page.get_by_label("Name").fill(house.user)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("#tabs a")


@pytest.mark.parametrize("tab", range(3))
def test_on_the_dashboard(house: House, watched: Page, tab: int) -> None:
    sign_in(watched, house)
    watched.goto(f"{house.url}?tab=t{tab}&range=1h&refresh=off")
    ours = range(tab * 10, tab * 10 + 10)
    for number in ours:
        for chart in (f"s{number}", f"a{number}"):
            watched.locator(f"#card-{chart}").scroll_into_view_if_needed()
            drawn(watched, chart)
    check(watched, *(PAYLOADS[number] for number in ours), house.user)
    card = watched.locator(f"#card-s{ours[0]}")
    card.scroll_into_view_if_needed()
    card.locator(".card-tools summary").click()
    card.locator(".sheet").get_by_text("Data as a table", exact=True).click()
    watched.wait_for_selector("#details tbody tr")
    check(watched, PAYLOADS[ours[0]])


def test_among_the_events_behind_a_point(house: House, watched: Page) -> None:
    sign_in(watched, house)
    watched.goto(f"{house.url}?tab=t0&range=1h&refresh=off")
    drawn(watched, "a0")
    watched.locator("#reader-a0").focus()
    watched.keyboard.press("End")
    for _ in range(6):
        watched.keyboard.press("ArrowLeft")
    watched.keyboard.press("Enter")
    watched.wait_for_selector("#details tbody tr")
    check(watched, PAYLOADS[0])


def test_on_the_pages_of_management(house: House, watched: Page) -> None:
    sign_in(watched, house)
    for path in ("users", "tokens", "links", "audit-log"):
        watched.goto(f"{house.root}/admin/{path}")
        expect(watched.get_by_role("table").first).to_be_visible()
        check(watched, *PAYLOADS)


def test_on_the_login_page_and_on_that_of_a_link(house: House, watched: Page) -> None:
    for payload in PAYLOADS:
        watched.goto(f"{house.root}/admin/login?{urlencode({'next': payload, 'error': payload})}")
        check(watched)
        watched.goto(f"{house.root}/admin/link?{urlencode({'key': payload})}")
        check(watched)
    watched.goto(f"{house.root}/admin/login")
    watched.get_by_label("Name").fill(PAYLOADS[5])
    watched.get_by_label("Password").fill("not this one")
    watched.get_by_role("button", name="Sign in").click()
    expect(watched.get_by_role("alert")).to_be_visible()
    check(watched)


def test_on_a_wall(house: House, watched: Page) -> None:
    watched.goto(f"{house.root}/admin/link?key={house.link}")
    watched.goto(f"{house.url}?tab=t1&kiosk=1&range=1h")
    drawn(watched, "s10")
    check(watched)


def test_a_payload_of_these_is_noticed(watched: Page) -> None:
    for payload in ("<img src=x onerror=evil()>", "<b class=evil>a</b>", "<a href=javascript:evil()>a</a>"):
        watched.goto("about:blank")
        watched.evaluate("(html) => { document.body.innerHTML = html; }", payload)
        with pytest.raises(AssertionError):
            check(watched)
    assert len(set(PAYLOADS)) == 30
