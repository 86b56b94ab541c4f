"""nginx and Caddy as ``deploy/`` has them: what they pass on, what they hide, and where they stop."""

import re
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from db.audit_log import entries
from db.engine import Database
from metrics_dash.auth import links, people, tokens
from tests.support.callers import ELSEWHERE, browser, sign_in
from tests.support.processes import PATIENCE_SECONDS, Process, data_folder, free_port, running
from tests.support.proxies import COMMANDS, NAME, SECRET, nginx_command, proxy
from tests.support.visitors import PASSWORD

MIB = 1024**2
LOGIN = {
    "METRICS_AUTH": "password",
    "METRICS_TRUSTED_PROXIES": "127.0.0.1",
    "METRICS_PROXY_SECRET": SECRET,
    "SECRET_KEY": "k" * 32,
}


@dataclass
class Behind:
    """What stands behind a proxy: the headers and lengths of what reached it."""

    url: str = ""
    port: int = 0
    headers: list[dict[str, str]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        self.lengths.append(len(request.get_data()))
        return Response("reached")(environ, start_response)


@pytest.fixture(autouse=True)
def quiet() -> None:
    urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)


@pytest.fixture
def reached() -> Iterator[Behind]:
    """What is to stand behind a proxy, without one."""
    seen = Behind()
    server = make_server("127.0.0.1", 0, seen.answer, threaded=True)
    seen.port = server.port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(params=COMMANDS)
def behind(request: pytest.FixtureRequest, tmp_path: Path, reached: Behind) -> Iterator[Behind]:
    with proxy(request.param, tmp_path, reached.port) as url:
        reached.url = url
        yield reached


def ask(behind: Behind, path: str = "/", body: bytes | None = None, **headers: str) -> requests.Response:
    method = "GET" if body is None else "POST"
    return requests.request(method, f"{behind.url}{path}", data=body, headers=headers, verify=False, timeout=60)


def test_it_says_who_asks_and_how_and_nothing_that_the_client_claims(behind: Behind) -> None:
    claims = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims |= {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1"}
    claims |= {"X-Remote-User": "admin", "X-Metrics-Proxy-Secret": "guessed"}
    assert ask(behind, Host=NAME, **claims).text == "reached"
    (seen,) = behind.headers
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == seen["host"] == NAME
    assert seen["x-metrics-proxy-secret"] == SECRET
    assert not {"forwarded", "x-real-ip", "x-forwarded-port", "x-remote-user"} & seen.keys()


def test_a_port_in_the_address_stays_in_the_host(behind: Behind) -> None:
    ask(behind)
    assert behind.headers[0]["host"] == behind.url.removeprefix("https://")


def test_the_largest_batch_passes_and_one_byte_more_is_refused(behind: Behind) -> None:
    assert ask(behind, "/api/v1/events", b"x" * 20 * MIB).status_code == 200
    assert ask(behind, "/api/v1/events", b"x" * (20 * MIB + 1)).status_code == 413
    assert [length for length in behind.lengths if length] == [20 * MIB]


def test_the_figures_are_for_this_machine_alone(behind: Behind) -> None:
    assert ask(behind, "/metrics").status_code == 404
    assert behind.headers == []


@pytest.mark.parametrize("away", [False, True], ids=["answered", "away"])
@pytest.mark.parametrize("kind", COMMANDS)
def test_no_secret_of_a_request_reaches_its_logs(kind: str, away: bool, reached: Behind, tmp_path: Path) -> None:
    """Where links have their key, and where other systems' clients have a token; answered, refused and failed."""
    secret = "hunter22"
    told = {"Referer": f"https://{NAME}/admin/link?key={secret}", "Cookie": f"__Host-metrics={secret}"}
    with proxy(kind, tmp_path, free_port() if away else reached.port) as reached.url:
        for path in (f"/admin/link?key={secret}", f"/write?db=metrics&u=any&p={secret}"):
            assert ask(reached, path, **told).status_code == (502 if away else 200)
            if not away:
                assert ask(reached, path, b"x" * (20 * MIB + 1), Authorization=f"Bearer {secret}").status_code == 413
        segment = b64encode(f"{secret}:".encode()).decode()
        ask(reached, "/v1/batch", b"{}", Authorization=f"Basic {segment}")
        if kind == "nginx":
            (plain,) = re.findall(r"listen (localhost:\d+);", (tmp_path / "site.conf").read_text())
            address = f"http://{plain}/admin/link?key={secret}"
            assert requests.get(address, timeout=60, allow_redirects=False).is_redirect
    logged = "".join(path.read_text() for path in tmp_path.glob("*.log"))
    assert all(path in logged for path in ("/admin/link", "/write", "/v1/batch"))
    assert not {each for each in (secret, segment, SECRET) if each in logged}


@pytest.mark.parametrize("kind", COMMANDS)
def test_without_a_login_nobody_gets_in_through_it(kind: str, tmp_path: Path) -> None:
    with data_folder() as folder, running(folder) as app:
        app.until_ready()
        with proxy(kind, tmp_path, app.port) as url:
            for path in ("/admin/metrics/", "/api/v1/query", "/readyz", "/admin/login"):
                answer = browser().get(f"{url}{path}", timeout=PATIENCE_SECONDS)
                assert (answer.status_code, "proxy" in answer.text) == (403, True)
            sent = browser().post(f"{url}/api/v1/events", json={"event_name": "test.a"}, timeout=PATIENCE_SECONDS)
            assert sent.status_code == 403


@dataclass(frozen=True)
class Opened:
    """An application with a login behind a proxy with TLS, whose address is ``url``."""

    app: Process
    url: str
    database: Database

    def get(self, path: str, session: requests.Session | None = None, **headers: str) -> requests.Response:
        who = session or browser()
        return who.get(f"{self.url}{path}", headers=headers, allow_redirects=False, timeout=PATIENCE_SECONDS)


@pytest.fixture
def served(database: Database, tmp_path: Path) -> Iterator[Process]:
    people.add(database, "ann", role="admin", by="test", password=PASSWORD)
    probe = tokens.issue(database, "probe", by="test", scopes=["scrape"])
    with running(tmp_path, DATABASE_URL=database.dsn(), **LOGIN) as app:
        app.until_ready(probe)
        yield app


@pytest.fixture(params=COMMANDS)
def opened(request: pytest.FixtureRequest, served: Process, database: Database, tmp_path: Path) -> Iterator[Opened]:
    with proxy(request.param, tmp_path, served.port) as url:
        yield Opened(served, url, database)


def test_people_log_in_and_what_they_are_given_stays_with_tls(opened: Opened, database: Database) -> None:
    assert opened.get("/admin/metrics/", Accept="text/html").headers["Location"].startswith("/admin/login")
    assert opened.get("/admin/metrics/version").status_code == 401
    ann = browser(**{"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"})
    answer = sign_in(ann, opened.url, "ann")
    assert answer.status_code == 303, answer.text
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
    assert {cookie.name for cookie in ann.cookies} == {"__Host-metrics"}
    assert all(cookie.secure for cookie in ann.cookies)
    assert opened.get("/admin/metrics/", ann).status_code == 200
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert (newest.action, newest.address) == ("login", ELSEWHERE)


def test_programs_come_by_a_token_and_walls_by_a_link(opened: Opened, database: Database) -> None:
    shop = tokens.issue(database, "shop", by="test")
    wall = browser()
    link = links.issue(database, by="test", tabs=["auth"], known=["auth"], kiosk=True)
    sent = browser(Authorization=f"Bearer {shop}").post(
        f"{opened.url}/api/v1/events", json={"event_name": "shop.order.paid"}, timeout=PATIENCE_SECONDS
    )
    assert (sent.status_code, sent.json()["accepted"]) == (200, 1)
    exchanged = opened.get(f"/admin/link?key={link}", wall)
    assert (exchanged.status_code, str(link) in exchanged.headers["Location"]) == (303, False)
    assert opened.get(exchanged.headers["Location"], wall).status_code == 200
    assert {cookie.name for cookie in wall.cookies} == {"__Host-metrics-link"}


def test_another_program_of_this_machine_is_not_taken_for_the_proxy(served: Process) -> None:
    """It connects from the address that is trusted."""
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
    for more in ({}, {"X-Metrics-Proxy-Secret": "guessed"}):
        answer = requests.get(f"{served.url}/admin/login", headers={**claims, **more}, timeout=PATIENCE_SECONDS)
        assert (answer.status_code, "METRICS_PROXY_SECRET" in answer.text) == (403, True)
        assert SECRET not in answer.text
        assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("kind", COMMANDS)
def test_a_proxy_with_another_secret_lets_nobody_in(kind: str, served: Process, tmp_path: Path) -> None:
    with proxy(kind, tmp_path, served.port, "the secret of last year") as url:
        assert browser().get(f"{url}/admin/login", timeout=PATIENCE_SECONDS).status_code == 403


def test_nginx_finds_no_mistake_in_the_file(tmp_path: Path) -> None:
    checked = subprocess.run([*nginx_command(tmp_path, 8443, 8050), "-t"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
