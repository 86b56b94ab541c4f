"""Walks along every route: where they lead, and who walks."""

from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import people
from tests.support.visitors import PASSWORD, House

# What stands in the place of a rule's parts.
PARTS = {
    "chart_id": "login-rate",
    "tab_id": "auth",
    "path": "nothing/here",
    "filename": "css/metrics.css",
    "package_name": "dash",
    "fingerprinted_path": "deps/polyfill@7.v1.js",
    "digest": "0123",
    "kind": "js",
}
# Where an open door leads: it is no word about the gate what a route then says of an empty question.
PASSED = {200, 204, 303, 302, 308, 400, 404, 501, 503}


def routes(house: House) -> list[tuple[str, str, str]]:
    """Each method, rule and an address of it."""
    found = []
    for rule in house.server.url_map.iter_rules():
        address = rule.rule
        for part in rule.arguments:
            for form in (f"<{part}>", f"<path:{part}>", f"<string:{part}>"):
                address = address.replace(form, PARTS[part])
        assert "<" not in address, f"say in PARTS what stands for the parts of {rule.rule}"
        found += [(method, rule.rule, address) for method in sorted(rule.methods or ()) if method != "OPTIONS"]
    return found


def move_in(database: Database) -> None:
    """Add vera, who looks; adam, who manages; and nora, who may do nothing."""
    with database.begin() as connection:
        connection.execute(text("INSERT INTO auth_roles VALUES ('nothing', '{}')"))
    for name, role in (("vera", "viewer"), ("adam", "admin"), ("nora", "viewer")):
        people.add(database, name, role=role, by="test", password=PASSWORD)
    with database.begin() as connection:
        connection.execute(text("UPDATE auth_users SET role = 'nothing' WHERE name = 'nora'"))
