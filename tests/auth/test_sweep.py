"""What is over goes by itself, every hour; what holds and the audit log stay."""

from datetime import timedelta

from sqlalchemy import text

from db.engine import Database
from metrics_dash.auth import people
from metrics_dash.auth.login import log_in
from metrics_dash.auth.sessions import Sessions
from metrics_dash.auth.sweep import sweep

IDLE = timedelta(hours=1)


def test_sessions_and_tries_that_are_over_go_and_others_stay(database: Database) -> None:
    ann = people.add(database, "ann", role="viewer", by="test", password=None, source="proxy")
    sessions = Sessions(database, idle=IDLE, lifetime=timedelta(days=1))
    sessions.open(ann, address="192.0.2.1", method="proxy")
    log_in(database, "nobody", "wrong", address="192.0.2.1")
    with database.begin() as connection:
        assert sum(sweep(connection, idle=IDLE).values()) == 0
        connection.execute(text("UPDATE auth_sessions SET seen_at = seen_at - interval '1 day'"))
        connection.execute(text("UPDATE auth_attempts SET changed_at = changed_at - interval '2 days'"))
        logged = connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one()
        assert sweep(connection, idle=IDLE) == {"auth_sessions": 1, "auth_walls": 0, "auth_attempts": 2}
        assert connection.execute(text("SELECT count(*) FROM audit_log")).scalar_one() == logged
