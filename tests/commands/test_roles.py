"""``roles`` says what each is for, and ``roles grant`` makes them, or prints how."""

from sqlalchemy import text

from db.engine import Database
from tests.commands.conftest import Run


def test_a_dry_grant_prints_what_an_administrator_may_run_and_changes_nothing(on: Run, database: Database) -> None:
    prefix = f"dry_{database.url.database}_"
    printed = on("roles", "grant", "--prefix", prefix, "--dry-run").out
    assert f"CREATE ROLE {prefix}reader NOLOGIN;\n" in printed
    assert "not there" in on("roles", "--prefix", prefix, COLUMNS="200").out
    with database.begin() as connection:
        connection.exec_driver_sql(printed)
    assert "not there" not in on("roles", "--prefix", prefix, COLUMNS="200").out


def test_grant_makes_them_and_the_list_says_who_belongs_to_each(on: Run, database: Database) -> None:
    prefix = f"made_{database.url.database}_"
    assert on("roles", "grant", "--prefix", prefix).code == 0
    with database.begin() as connection:
        connection.execute(text(f"CREATE ROLE {prefix}grafana LOGIN IN ROLE {prefix}reader"))
    listed = on("roles", "--prefix", prefix, COLUMNS="200").out
    (line,) = [line for line in listed.splitlines() if f"{prefix}reader" in line]
    assert f"{prefix}grafana" in line


def test_a_prefix_that_makes_no_names_is_bad_usage(on: Run) -> None:
    assert on("roles", "grant", "--prefix", 'x"; DROP').code == 2


def test_who_may_make_no_roles_is_told_what_a_superuser_runs(run: Run, database: Database) -> None:
    user, prefix = f"plain_{database.url.database}", f"none_{database.url.database}_"
    with database.begin() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN"))
        connection.execute(text(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {user}"))
    url = database.url.set(username=user, drivername="postgresql").render_as_string(hide_password=False)
    ended = run("roles", "grant", "--prefix", prefix, DATABASE_URL=url)
    assert ended.code == 1
    assert "permission denied to create role" in ended.err
    assert f"roles grant --dry-run --prefix {prefix} | psql" in ended.err
    assert "can't be used" not in ended.err


def test_a_right_that_lacks_is_no_database_that_is_away(run: Run, database: Database) -> None:
    user = f"bare_{database.url.database}"
    with database.begin() as connection:
        connection.execute(text(f"CREATE ROLE {user} LOGIN"))
    url = database.url.set(username=user, drivername="postgresql").render_as_string(hide_password=False)
    ended = run("tokens", "list", DATABASE_URL=url)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "the database's role lacks a right: permission denied for table alembic_version" in ended.err
    assert "doctor" in ended.err
    assert "can't be used" not in ended.err
    # And the doctor keeps that promise.
    assert "GRANT SELECT" in run("doctor", DATABASE_URL=url, COLUMNS="300").out
