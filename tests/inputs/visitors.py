"""Who may come in where there is a login: what cases name, and what stands for it in each server anew."""

import json
from base64 import b64encode
from datetime import timedelta
from pathlib import Path
from typing import Any

from db.engine import Database
from db.users import user_of
from metrics_dash.auth import links, people, tokens
from metrics_dash.auth.sessions import Sessions
from tests.inputs.cases import Case

Named = dict[str, str]
DAY = timedelta(days=1)


def let_in(folder: Path) -> Named:
    """Make a viewer, an admin, tokens and a link in the database of a running server; what each of them shows.

    ``BASIC_`` and the name of a token is that as a password, encoded.
    """
    database = Database(data_dir=folder)
    try:
        database.start()
        shown = {
            "$VIEWER": _session(database, "vera", "viewer"),
            "$ADMIN": _session(database, "adam", "admin"),
            "$LINK": str(links.issue(database, by="test", tabs=("auth",), known=("auth",))),
            "$INGEST": _token(database),
            "$QUERY": _token(database, scopes=("query",)),
            "$SHOP": _token(database, prefixes=("shop.",)),
            "$SLOW": _token(database, events_per_second=0.01),
            "$REVOKED": _token(database, revoked=True),
        }
    finally:
        database.close()
    basic = {f"$BASIC_{name[1:]}": b64encode(f"any:{value}".encode()).decode() for name, value in shown.items()}
    return {**basic, **shown}


def _session(database: Database, name: str, role: str) -> str:
    people.add(database, name, role=role, by="test", password="correct horse battery staple")
    with database.reading() as connection:
        user = user_of(connection, name)
    assert user is not None
    return Sessions(database, idle=DAY, lifetime=DAY).open(user, address="", method="test")


def _token(database: Database, *, revoked: bool = False, **options: Any) -> str:
    token = tokens.issue(database, "corpus", by="test", **options)
    if revoked:
        tokens.revoke(database, token.identity, by="test")
    return str(token)


def filled(case: Case, shown: Named) -> Case:
    """Return a case with what its names stand for."""
    text = json.dumps(case)
    for name, value in shown.items():
        text = text.replace(name, value)
    found: Case = json.loads(text)
    return found
