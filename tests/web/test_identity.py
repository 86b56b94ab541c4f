"""Who a request is from: the ways in their order, and what was done on record."""

from pathlib import Path

from db.audit_log import entries
from db.engine import Database
from metrics_dash.web.identity import recorder
from tests.support.visitors import house


def test_a_session_is_known_by_its_cookie_and_by_no_other(database: Database, tmp_path: Path) -> None:
    with house(database, tmp_path) as opened:
        assert opened.person("ann").get("/admin/metrics/version").status_code == 200
        forger = opened.stranger()
        forger.set_cookie("metrics", "forged")
        forger.set_cookie("metrics-link", "forged")
        assert forger.get("/admin/metrics/version").status_code == 401


def test_other_schemes_than_bearer_are_nobody(database: Database, tmp_path: Path) -> None:
    with house(database, tmp_path) as opened:
        token = opened.program("query").environ_base["HTTP_AUTHORIZATION"].partition(" ")[2]
        for given, status in ((f"bearer {token}", 200), (f"Basic {token}", 401), (token, 401), ("", 401)):
            asked = opened.stranger().get("/api/v1/openapi.json", headers={"Authorization": given})
            assert asked.status_code == status


def test_an_export_is_on_record_with_who_took_it(database: Database, tmp_path: Path) -> None:
    with house(database, tmp_path) as opened:
        assert opened.person("ann").get("/admin/metrics/export/auth.csv?range=1h").status_code == 200
    with database.reading() as connection:
        (_, newest), *_ = entries(connection)
    assert (newest.actor, newest.action, newest.subject) == ("ann", "export", "export/auth.csv")


def test_without_a_login_there_is_nobody_to_put_on_record() -> None:
    recorder(None)("export", "auth.csv")
