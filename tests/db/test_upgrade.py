"""Data that an older PostgreSQL wrote are brought to the embedded one, and whatever interrupts that loses nothing."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from db import upgrade
from db.embedded import Postmaster, _Place, server_account
from db.engine import Database
from db.events import insert_events
from db.migrate import migrate
from db.programs import Programs, installed
from db.status import server_version
from db.upgrade import UpgradeError, finish, is_due
from metrics_dash.jobs.audit import audit
from metrics_dash.jobs.rollup import roll_up_all
from tests.db.test_backups import NOW, counted, store
from tests.support.processes import data_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with data_folder() as made:
        yield made


@pytest.fixture(scope="module")
def older() -> Programs:
    found = [each for each in installed("initdb", "postgres", "pg_ctl") if not each.embedded and each.major < 18]
    if not found:
        pytest.skip("an older PostgreSQL is needed: install Debian's package postgresql")
    return found[0]


@pytest.fixture
def made_by_older(folder: Path, older: Programs) -> Path:
    """A data folder that an older version filled and closed."""
    place = _Place(folder / "postgres", server_account(), older.folder)
    place.prepare()
    running = place.run_as_it_is()
    database = Database(f"postgresql://postgres@/postgres?host={running.sockets}&port=5432")
    migrate(database)
    store(database)
    roll_up_all(database)
    with database.begin() as connection:
        connection.execute(text("CREATE ROLE grafana LOGIN; GRANT SELECT ON telemetry_buckets TO grafana"))
    database.dispose()
    place.stop()
    return folder


def test_events_buckets_roles_and_rights_come_along(made_by_older: Path, older: Programs) -> None:
    database = Database(data_dir=made_by_older)
    with database.reading() as connection:
        assert server_version(connection) // 10000 == 18
        may = text("SELECT has_table_privilege('grafana', 'telemetry_buckets', 'SELECT')")
        assert connection.execute(may).scalar_one()
    assert counted(database) == 100
    assert audit(database) == []
    insert_events([("test.a", {}, {}, NOW)], database=database)
    roll_up_all(database)
    assert counted(database) == 101
    database.close()
    assert (made_by_older / f"postgres.{older.major}" / "PG_VERSION").read_text().strip() == str(older.major)


def test_without_the_old_programs_it_is_one_line_and_nothing_changes(
    made_by_older: Path, monkeypatch: pytest.MonkeyPatch, older: Programs
) -> None:
    monkeypatch.setattr(upgrade, "exactly", lambda *_: None)
    with pytest.raises(UpgradeError, match=f"install postgresql-{older.major}, or run backup"):
        Database(data_dir=made_by_older).start()
    assert [path.name for path in made_by_older.iterdir() if path.is_dir()] == ["postgres"]


def test_an_upgrade_that_fails_is_begun_again(made_by_older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise UpgradeError("interrupted")

    with monkeypatch.context() as broken:
        broken.setattr(upgrade, "feed", fail)
        with pytest.raises(UpgradeError, match="interrupted"):
            Database(data_dir=made_by_older).start()
    assert Postmaster.of(made_by_older / "postgres") is None
    again = Database(data_dir=made_by_older)
    again.start()
    assert counted(again) == 100
    again.close()
    assert not (made_by_older / "postgres.upgrading").exists()


def test_one_that_was_interrupted_between_its_last_steps_is_finished(folder: Path) -> None:
    upgraded = folder / "postgres.upgraded"
    upgraded.mkdir()
    (upgraded / "PG_VERSION").write_text("18\n")
    finish(folder / "postgres")
    assert (folder / "postgres" / "PG_VERSION").exists()


def test_a_finished_one_does_not_replace_what_the_old_version_took_since(folder: Path) -> None:
    for name, major in (("postgres", 15), ("postgres.upgraded", 18)):
        (folder / name).mkdir()
        (folder / name / "PG_VERSION").write_text(f"{major}\n")
    finish(folder / "postgres")
    assert upgrade.major_of(folder / "postgres") == 15
    assert not (folder / "postgres.upgraded").exists()


def test_a_folder_of_a_newer_version_is_one_line(folder: Path) -> None:
    (folder / "postgres").mkdir()
    (folder / "postgres" / "PG_VERSION").write_text("99\n")
    with pytest.raises(UpgradeError, match=r"PostgreSQL 99 made .* upgrade metrics_dash"):
        is_due(folder / "postgres")
    shutil.rmtree(folder / "postgres")
    assert not is_due(folder / "postgres")
