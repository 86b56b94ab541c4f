"""The gate of the whole application: closed to whoever is not known, and open by permission and scope alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import people, tokens
from metrics_dash.settings import load_settings
from metrics_dash.web import gate, problems
from metrics_dash.web.identity import Identities
from tests.support.outages import outage
from tests.support.processes import eventually
from tests.support.visitors import CALLBACK, House, house, question

BROWSER = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture
def open_house(database: Database, tmp_path: Path) -> Iterator[House]:
    with house(database, tmp_path) as opened:
        yield opened


def test_without_a_login_this_machine_may_do_everything() -> None:
    app = Flask("local")
    app.add_url_rule("/anything", view_func=lambda: gate.principal().name)
    gate.install(app, None)
    problems.install(app)
    assert app.test_client().get("/anything").text == "local"
    assert app.test_client().get("/anything", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 403


def test_it_stands_before_everything_that_was_registered_before(database: Database, tmp_path: Path) -> None:
    app, ran = Flask("gated"), []
    app.before_request(lambda: ran.append("too early"))
    settings = load_settings({"METRICS_AUTH": "password", "METRICS_DATA_DIR": str(tmp_path)})
    gate.install(app, Identities(settings, database))
    problems.install(app)
    assert app.test_client().get("/admin/metrics/").status_code == 401
    assert ran == []


def test_a_route_without_a_row_is_closed_to_everybody(open_house: House) -> None:
    open_house.server.add_url_rule("/forgotten", view_func=lambda: "secret")
    assert open_house.stranger().get("/forgotten").status_code == 401
    assert open_house.person(role="admin").get("/forgotten").status_code == 403
    assert open_house.program("ingest", "query", "scrape", "annotate").get("/forgotten").status_code == 403


def test_a_person_who_opens_a_page_is_led_to_the_login_and_back(open_house: House) -> None:
    answer = open_house.stranger().get("/admin/metrics/?tab=auth&range=1h", headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/admin/login?next=%2Fadmin%2Fmetrics%2F%3Ftab%3Dauth%26range%3D1h"


def test_a_script_and_a_program_are_told_401_and_led_nowhere(open_house: House) -> None:
    for answer in (
        open_house.stranger().post(CALLBACK, json=question(), headers=BROWSER),
        open_house.stranger().get("/admin/metrics/_dash-layout", headers=BROWSER),
        open_house.stranger().get("/api/v1/query", headers=BROWSER),
        open_house.stranger().get("/no/such/path", headers=BROWSER),
    ):
        assert answer.status_code == 401
        assert answer.json == {"error": "log in first, or send a token"}
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_what_does_not_exist_is_404_for_those_who_are_let_in_alone(open_house: House) -> None:
    assert open_house.stranger().get("/no/such/path").status_code == 401
    assert open_house.person().get("/no/such/path").status_code == 404


def test_a_session_does_not_send_events_and_a_token_does_not_open_the_page(open_house: House) -> None:
    assert open_house.person(role="admin").post("/api/v1/events", json={"event_name": "a.b"}).status_code == 403
    program = open_house.program("ingest", "query", "scrape", "annotate")
    assert program.get("/admin/metrics/").status_code == 403
    assert program.post(CALLBACK, json=question()).status_code == 403


def test_a_token_that_holds_no_longer_is_nobody_whatever_else_is_sent(open_house: House) -> None:
    person = open_house.person()
    assert person.get("/admin/metrics/version").status_code == 200
    refused = person.get("/admin/metrics/version", headers={"Authorization": "Bearer mdt_000000000000_" + "0" * 64})
    assert refused.status_code == 401


def test_a_cookie_of_another_program_on_the_same_host_keeps_nobody_out(open_house: House) -> None:
    person = open_house.person()
    person.set_cookie("remember_token", "1|of-a-program-on-another-port")
    assert person.get("/admin/metrics/version").status_code == 200


def test_a_permission_that_is_taken_away_is_missed_at_the_next_tick(open_house: House) -> None:
    person = open_house.person(role="editor")
    assert person.post(CALLBACK, json=question()).status_code == 200
    with open_house.database.begin() as connection:
        connection.execute(text("UPDATE auth_roles SET permissions = '{server.annotate}' WHERE role = 'editor'"))
    answer = person.post(CALLBACK, json=question())
    assert (answer.status_code, answer.json) == (403, {"error": "server.view_logs is needed"})


def test_whoever_is_let_in_no_longer_is_told_401_at_the_next_tick(open_house: House) -> None:
    person = open_house.person()
    people.set_disabled(open_house.database, "ann", True, by="test")
    assert person.post(CALLBACK, json=question()).status_code == 401


def test_a_change_of_role_ends_the_sessions_of_before(open_house: House) -> None:
    person = open_house.person()
    people.set_role(open_house.database, "ann", "admin", by="test")
    assert person.get("/admin/metrics/version").status_code == 401


def test_readiness_has_its_details_for_whoever_runs_it_alone(open_house: House) -> None:
    assert "problems" in open_house.person("eve", "admin").get("/readyz").json
    assert "problems" in open_house.program("scrape").get("/readyz").json
    assert open_house.person("ann").get("/readyz").json.keys() == {"status"}
    assert open_house.stranger().get("/readyz").status_code == 401


def test_where_the_database_is_away_nobody_comes_in(tmp_path: Path) -> None:
    away = Database("postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    with house(away, tmp_path) as opened:
        client = opened.stranger()
        client.set_cookie("metrics", "anything")
        answer = client.get("/admin/metrics/version")
        assert answer.status_code == 503
        assert "hunter2" not in answer.text
        assert opened.stranger().get("/healthz").status_code == 200


def test_who_scraped_before_an_outage_is_told_of_it_and_whoever_sends_is_told_to_try_again(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("metrics_dash.auth.tokens.REMEMBERED_SECONDS", 0.0)
    with house(database, tmp_path) as opened:
        program, late = opened.program("scrape", "ingest"), opened.program("scrape")
        assert "metrics_dash_database_up 1.0" in program.get("/metrics").text
        with outage(database):
            # What was read a moment ago is not asked for again at once.
            eventually(lambda: "metrics_dash_database_up 0.0" in program.get("/metrics").text, "the outage is told")
            assert "the database can't be reached" in program.get("/readyz").json["problems"]
            assert program.post("/api/v1/events", json={"event_name": "a.b"}).status_code == 503
            assert late.get("/metrics").status_code == 503


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_what_a_proxy_forwarded_is_refused_from_whoever_is_no_trusted_one(open_house: House, header: str) -> None:
    answer = open_house.stranger().get("/healthz", headers={header: "127.0.0.1"})
    assert answer.status_code == 403
    assert "METRICS_TRUSTED_PROXIES" in answer.json["error"]


def test_another_sites_page_is_refused_though_somebody_is_signed_in(open_house: House) -> None:
    person = open_house.person()
    assert person.post(CALLBACK, json=question(), headers={"Origin": "https://evil.example"}).status_code == 403
    assert person.get("/admin/metrics/version", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_revoked_token_does_nothing_within_seconds(open_house: House) -> None:
    token = tokens.issue(open_house.database, "t", by="test", scopes=("query",))
    clock = [0.0]
    checked = tokens.Tokens(open_house.database, clock=lambda: clock[0])
    assert checked.find(str(token), address="") is not None
    tokens.revoke(open_house.database, token.identity, by="test")
    clock[0] += tokens.REMEMBERED_SECONDS + 0.1
    assert checked.find(str(token), address="") is None


def test_nothing_that_was_made_for_somebody_is_kept_and_files_are(open_house: House) -> None:
    person = open_house.person()
    for path in ("/admin/metrics/", "/admin/metrics/_dash-layout", "/admin/metrics/chart/login-rate.json", "/admin/no"):
        assert "no-store" in person.get(path).headers["Cache-Control"], path
    assert "no-store" in person.post(CALLBACK, json=question()).headers["Cache-Control"]
    style = "/admin/metrics/assets/css/metrics.css"
    assert "no-store" not in person.get(style).headers["Cache-Control"]
