"""``collectors`` lists who collects; ``collectors forget`` lets go of one that is gone, and of none that lives."""

from uuid import UUID, uuid4

from db.engine import Database
from db.status import pipeline_status
from tests.commands.conftest import Run
from tests.ingest.test_heartbeat import LONG_AGO, fell_silent


def listed(database: Database) -> list[UUID]:
    with database.reading() as connection:
        return [each.collector_id for each in pipeline_status(connection).collectors]


def test_a_silent_one_is_listed_with_what_it_held(on: Run, database: Database) -> None:
    identity = fell_silent(database, 4711, host="shard-2")
    ended = on("collectors", COLUMNS="200")
    assert ended.code == 0
    (line,) = [line for line in ended.out.splitlines() if str(identity) in line]
    assert "shard-2" in line
    assert " 7 " in line
    assert "holds back the watermark" in line


def test_one_that_is_gone_with_its_host_is_forgotten(on: Run, database: Database) -> None:
    identity = fell_silent(database, 4711, host="shard-2")
    assert on("collectors", "forget", str(identity)).code == 0
    assert listed(database) == []


def test_one_that_lives_is_not(on: Run, database: Database) -> None:
    identity = fell_silent(database, 4711, ago=LONG_AGO * 0)
    ended = on("collectors", "forget", str(identity))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "lives" in ended.err
    assert listed(database) == [identity]


def test_one_that_nobody_knows_is_one_line(on: Run) -> None:
    ended = on("collectors", "forget", str(uuid4()))
    assert (ended.code, ended.err.count("\n")) == (1, 1)
