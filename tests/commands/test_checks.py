"""``doctor`` finds what is wrong and says what to do."""

from db.migrate import head_revision
from tests.commands.conftest import Run


def test_the_doctor_finds_a_sound_store_good(on: Run) -> None:
    ended = on("doctor")
    assert ended.code == 0
    assert "PostgreSQL" in ended.out
    assert head_revision() in ended.out


def test_the_doctor_says_what_to_do_about_a_database_that_is_away(run: Run) -> None:
    ended = run("doctor", DATABASE_URL="postgresql://user:hunter22@127.0.0.1:9/events")
    assert ended.code == 1
    assert "DATABASE_URL" in ended.out
    assert "hunter22" not in ended.out + ended.err
