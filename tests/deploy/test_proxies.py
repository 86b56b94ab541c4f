"""nginx and Caddy as ``deploy/`` has them: what they pass on, what they hide, and where they stop."""

import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from tests.support.processes import data_folder, running
from tests.support.proxies import COMMANDS, NAME, nginx_command, proxy

MIB = 1024**2


@dataclass
class Behind:
    """What stands behind a proxy: the headers and lengths of what reached it."""

    url: str = ""
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


@pytest.fixture(params=COMMANDS)
def behind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Behind]:
    seen = Behind()
    server = make_server("127.0.0.1", 0, seen.answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with proxy(request.param, tmp_path, server.port) as url:
            seen.url = url
            yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ask(behind: Behind, path: str = "/", body: bytes | None = None, **headers: str) -> requests.Response:
    method = "GET" if body is None else "POST"
    return requests.request(method, f"{behind.url}{path}", data=body, headers=headers, verify=False, timeout=60)


def test_it_says_who_asks_and_how_and_nothing_that_the_client_claims(behind: Behind) -> None:
    claims = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims |= {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example", "X-Forwarded-Port": "1"}
    assert ask(behind, Host=NAME, **claims).text == "reached"
    (seen,) = behind.headers
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "https"
    assert seen["x-forwarded-host"] == seen["host"] == NAME
    assert not {"forwarded", "x-real-ip", "x-forwarded-port"} & seen.keys()


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


@pytest.mark.parametrize("kind", COMMANDS)
def test_without_a_login_nobody_gets_in_through_it(kind: str, tmp_path: Path) -> None:
    with data_folder() as folder, running(folder) as app:
        app.until_ready()
        with proxy(kind, tmp_path, app.port) as url:
            for path in ("/admin/metrics/", "/api/v1/query"):
                answer = requests.get(f"{url}{path}", verify=False, timeout=60)
                assert (answer.status_code, "proxy" in answer.text) == (403, True)


def test_nginx_finds_no_mistake_in_the_file(tmp_path: Path) -> None:
    checked = subprocess.run([*nginx_command(tmp_path, 8443, 8050), "-t"], check=False, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr
