"""Labels: two pairs never share one, whatever they hold, and SQL reads them as Python does."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from db.engine import Database
from db.labels import escape, escaped_sql, key_sql, split_label

TEXTS = st.text(st.sampled_from(':\\"a%é\n{'), max_size=6)


@pytest.mark.parametrize(
    ("key", "value", "label"),
    [
        ("success", "true", "success:true"),
        ("url", "http://x", "url:http://x"),
        ("a", "b:x", "a:b:x"),
        ("a:b", "x", "a\\:b:x"),
        ("a\\", ":x", "a\\\\::x"),
        ("a\\:b", "x", "a\\\\\\:b:x"),
        ("", "x", ":x"),
        ("", "", ":"),
        (":", ":", "\\:::"),
    ],
)
def test_the_first_colon_without_a_backslash_ends_the_key(key: str, value: str, label: str) -> None:
    assert f"{escape(key)}:{value}" == label
    assert split_label(label) == (key, value)


@given(TEXTS, TEXTS)
def test_a_pair_is_found_again_in_its_label(key: str, value: str) -> None:
    assert split_label(f"{escape(key)}:{value}") == (key, value)


@pytest.mark.parametrize("label", ["", "a", "a\\:b"])
def test_what_is_no_label_is_refused(label: str) -> None:
    with pytest.raises(ValueError, match="has no colon"):
        split_label(label)


def test_sql_reads_and_writes_labels_as_python_does(database: Database) -> None:
    statement = text(f"SELECT {escaped_sql('CAST(:key AS text)')}, {key_sql('CAST(:label AS text)')}")
    with database.begin() as connection:

        @settings(suppress_health_check=list(HealthCheck), deadline=None)
        @given(TEXTS, TEXTS)
        def check(key: str, value: str) -> None:
            label = f"{escape(key)}:{value}"
            assert tuple(connection.execute(statement, {"key": key, "label": label}).one()) == (
                escape(key),
                escape(key),
            )

        check()
