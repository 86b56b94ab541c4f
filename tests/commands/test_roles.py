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
