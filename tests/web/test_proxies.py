"""Proxies: believed by their address and their secret, counted exactly, and refused from anybody else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from db.audit_log import entries
from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.web.proxies import is_trusted
from tests.support.visitors import House, house, log_in

SECRET = "a secret of the proxy"
PROXY, CLIENT = "192.0.2.10", "203.0.113.5"
ENVIRONMENT = {
    "METRICS_AUTH": "proxy,password",
    "METRICS_TRUSTED_PROXIES": "192.0.2.0/28",
    "METRICS_PROXY_HEADER": "X-Remote-User",
    "METRICS_PROXY_SECRET": SECRET,
    "SECRET_KEY": "k" * 32,
}
VOUCHED = {"X-Forwarded-For": CLIENT, "X-Remote-User": "pat", "X-Metrics-Proxy-Secret": SECRET}
PAGE = "/admin/metrics/version"


@pytest.fixture
def opened(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path, **ENVIRONMENT) as opened:
        yield opened


@pytest.fixture
def proxy(opened: House) -> FlaskClient:
    return opened.stranger(REMOTE_ADDR=PROXY)


@pytest.mark.parametrize(
    ("peer", "trusted", "believed"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8",), False),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("2001:db8::1", ("10.0.0.0/8", "2001:db8::/32"), True),
        ("localhost", ("unix",), True),
        ("", ("127.0.0.1",), False),
        ("127.0.0.1", ("unix",), False),
        ("127.0.0.1", (), False),
    ],
)
def test_a_peer_is_trusted_by_its_address(peer: str, trusted: tuple[str, ...], believed: bool) -> None:
    assert is_trusted(peer, trusted) is believed


def test_whom_a_trusted_proxy_names_is_in(proxy: FlaskClient) -> None:
    assert proxy.get(PAGE, headers=VOUCHED).status_code == 200


@pytest.mark.parametrize("secret", ["", "another secret of it", SECRET + "!", SECRET.upper()])
def test_a_name_without_the_secret_is_refused(proxy: FlaskClient, secret: str) -> None:
    answer = proxy.get(PAGE, headers={**VOUCHED, "X-Metrics-Proxy-Secret": secret})
    assert answer.status_code == 403
    assert SECRET not in answer.text


@pytest.mark.parametrize("header", ["X-Remote-User", "X-Metrics-Proxy-Secret", "X-Forwarded-For"])
def test_what_only_a_proxy_says_is_refused_from_anybody_else(opened: House, header: str) -> None:
    stranger = opened.stranger(REMOTE_ADDR=CLIENT)
    answer = stranger.get("/healthz", headers={header: VOUCHED[header]})
    assert answer.status_code == 403
    assert "METRICS_TRUSTED_PROXIES" in answer.json["error"]


def test_the_client_is_whom_the_last_hop_says(opened: House, proxy: FlaskClient, database: Database) -> None:
    people.add(database, "ann", role="viewer", by="test", password="correct horse battery staple")
    proxy.environ_base["HTTP_X_METRICS_PROXY_SECRET"] = SECRET
    proxy.environ_base["HTTP_X_FORWARDED_FOR"] = f"127.0.0.1, 198.51.100.1, {CLIENT}"
    assert log_in(proxy, "ann").status_code == 303
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert (newest.action, newest.address) == ("login", CLIENT)


def test_fewer_hops_than_there_are_proxies_is_refused(database: Database, tmp_path: Path) -> None:
    with house(database, tmp_path, **ENVIRONMENT, METRICS_PROXY_HOPS="2") as opened:
        proxy = opened.stranger(REMOTE_ADDR=PROXY)
        assert proxy.get(PAGE, headers=VOUCHED).status_code == 403
        two = {**VOUCHED, "X-Forwarded-For": f"{CLIENT}, 198.51.100.1"}
        assert proxy.get(PAGE, headers=two).status_code == 200


@pytest.mark.parametrize(
    ("told", "address"),
    [(f"{CLIENT}:1234", CLIENT), ("[2001:db8::1]:99", "2001:db8::1"), ("[2001:DB8::1]", "2001:db8::1"),
     ("2001:db8:0::1", "2001:db8::1"), (f" {CLIENT} ", CLIENT)],
)  # fmt: skip
def test_the_client_is_an_address_without_its_port(
    opened: House, proxy: FlaskClient, database: Database, told: str, address: str
) -> None:
    people.add(database, "ann", role="viewer", by="test", password="correct horse battery staple")
    proxy.environ_base["HTTP_X_METRICS_PROXY_SECRET"] = SECRET
    proxy.environ_base["HTTP_X_FORWARDED_FOR"] = f"junk, {told}"
    assert log_in(proxy, "ann").status_code == 303
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert (newest.action, newest.address) == ("login", address)


@pytest.mark.parametrize(
    "told",
    ["junk", "", "unknown", "203.0.113.5, ", "1.2.3.4:", "1.2.3.4:x", "1.2.3", "[1.2.3", "[]:1", "1.2.3.4 5",
     "2001:db8::1]:99", "fe80::1%eth0\x1b", "localhost", '"203.0.113.5"', "203.0.113.5;x"],
)  # fmt: skip
def test_a_proxy_that_names_no_address_is_told_that_it_is_not_set_up_rightly(
    proxy: FlaskClient, caplog: pytest.LogCaptureFixture, told: str
) -> None:
    answer = proxy.get(PAGE, headers={**VOUCHED, "X-Forwarded-For": told})
    assert answer.status_code == 400
    assert "X-Forwarded-For names a client by no address" in answer.json["error"]
    lines = [record.getMessage() for record in caplog.records if record.name == "metrics_dash.web.proxies"]
    assert len(lines) == 1
    assert lines[0].isprintable()


@pytest.mark.parametrize("sent", ['"', '198.51.100.1, "x', '"\\"'])
def test_no_quote_that_a_client_sent_hides_the_address_that_the_proxy_added(proxy: FlaskClient, sent: str) -> None:
    answer = proxy.get(PAGE, headers={**VOUCHED, "X-Forwarded-For": f"{sent}, {CLIENT}"})
    assert (answer.status_code, answer.json) == (400, {"error": "X-Forwarded-For can be read in two ways"})


def test_a_proxy_that_names_no_scheme_of_the_web_is_told_so(proxy: FlaskClient) -> None:
    answer = proxy.get(PAGE, headers={**VOUCHED, "X-Forwarded-Proto": "javascript"})
    assert (answer.status_code, "X-Forwarded-Proto" in answer.json["error"]) == (400, True)


def test_tls_is_what_the_proxy_says_and_no_host_of_it_is_believed(proxy: FlaskClient) -> None:
    headers = {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    headers["X-Metrics-Proxy-Secret"] = SECRET
    answer = proxy.get("/admin/login", headers=headers)
    assert "Strict-Transport-Security" in answer.headers
    assert all(cookie.startswith("__Host-") for cookie in answer.headers.getlist("Set-Cookie"))
    assert "evil.example" not in answer.text
    origin = {**headers, "Origin": "https://localhost"}
    assert proxy.get("/healthz", headers=origin).status_code == 200
    assert proxy.get("/healthz", headers={**headers, "Origin": "http://localhost"}).status_code == 403


def test_a_proxy_does_not_name_whoever_has_a_password_here(opened: House, proxy: FlaskClient) -> None:
    people.add(opened.database, "ann", role="admin", by="test", password="correct horse battery staple")
    assert proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": "ann"}).status_code == 401


@pytest.mark.parametrize("auth", ["password", "proxy,password"])
@pytest.mark.parametrize("secret", [None, "another secret of it"])
def test_the_address_that_a_proxy_tells_is_not_believed_without_the_secret(
    database: Database, tmp_path: Path, auth: str, secret: str | None
) -> None:
    told = {"X-Forwarded-For": CLIENT, **({"X-Metrics-Proxy-Secret": secret} if secret else {})}
    with house(database, tmp_path, **{**ENVIRONMENT, "METRICS_AUTH": auth}) as opened:
        answer = opened.stranger(REMOTE_ADDR=PROXY).get("/healthz", headers=told)
        assert (answer.status_code, "METRICS_PROXY_SECRET" in answer.text) == (403, True)
        claimed = {"X-Forwarded-Proto": "https", **told}
        answer = opened.stranger(REMOTE_ADDR=PROXY).get("/admin/login", headers=claimed)
        assert "Strict-Transport-Security" not in answer.headers


def test_a_program_beside_the_proxy_that_claims_nothing_is_served(proxy: FlaskClient) -> None:
    assert proxy.get("/healthz").status_code == 200
    assert proxy.get(PAGE).status_code == 401


def test_where_no_secret_was_agreed_on_the_address_has_to_do(database: Database, tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "METRICS_AUTH": "password", "METRICS_PROXY_SECRET": ""}
    with house(database, tmp_path, **environment) as opened:
        answer = opened.stranger(REMOTE_ADDR=PROXY).get("/healthz", headers={"X-Forwarded-For": CLIENT})
        assert answer.status_code == 200


def test_two_names_are_none(proxy: FlaskClient) -> None:
    headers = [*VOUCHED.items(), ("X-Remote-User", "admin")]
    assert proxy.get(PAGE, headers=headers).status_code == 403


def as_header(name: str) -> str:
    """A name in the bytes that a proxy sends, as a header's bytes come."""
    return name.encode().decode("latin-1")


def test_a_name_is_read_as_utf_8(opened: House, proxy: FlaskClient) -> None:
    assert proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": as_header("jörg")}).status_code == 200
    assert people.find(opened.database, "jörg") is not None


@pytest.mark.parametrize("name", ["jörg", "JÖRG", "jo\u0308rg", "ｊörg"])
def test_a_proxy_does_not_name_whoever_has_a_password_here_in_letters_that_look_like_theirs(
    opened: House, proxy: FlaskClient, name: str
) -> None:
    people.add(opened.database, "jörg", role="admin", by="test", password="correct horse battery staple")
    assert proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": as_header(name)}).status_code == 401


def test_a_name_that_is_not_utf_8_is_refused(proxy: FlaskClient) -> None:
    answer = proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": "j\xf6rg"})
    assert (answer.status_code, answer.json) == (400, {"error": "X-Remote-User is not UTF-8"})


@pytest.mark.parametrize("name", ["a\0b", "a\x1bb"])
def test_a_name_with_what_can_not_be_seen_is_nobody(proxy: FlaskClient, name: str) -> None:
    assert proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": name}).status_code == 401


def test_a_name_that_can_not_be_one_is_nobody(proxy: FlaskClient) -> None:
    assert proxy.get(PAGE, headers={**VOUCHED, "X-Remote-User": "x" * 200}).status_code == 401


def test_where_proxies_are_not_asked_who_it_is_their_header_says_nothing(database: Database, tmp_path: Path) -> None:
    environment = {**ENVIRONMENT, "METRICS_AUTH": "password"}
    with house(database, tmp_path, **environment) as opened:
        assert opened.stranger(REMOTE_ADDR=PROXY).get(PAGE, headers=VOUCHED).status_code == 401
