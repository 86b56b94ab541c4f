"""What tables have in common: a map that is never null, and columns that are another table's."""

from sqlalchemy import BigInteger, Column, MetaData, Table

from db.columns import json_map, like, moment, one_of


def test_a_condition_names_each_value_as_a_text() -> None:
    assert one_of("level", ("minute", "day")) == "level IN ('minute', 'day')"


def test_a_table_like_another_has_its_columns_and_neither_its_key_nor_what_is_left_out() -> None:
    first = Table(
        "first",
        MetaData(),
        Column("id", BigInteger, primary_key=True),
        Column("name", BigInteger, primary_key=True),
        json_map("maps"),
        moment("seen_at", default="now()", nullable=True),
    )
    second = Table("second", MetaData(), *like(first, without="id"))
    assert [(each.name, each.nullable, each.server_default is None) for each in second.columns] == [
        ("name", False, True),
        ("maps", False, False),
        ("seen_at", True, False),
    ]
    assert not second.primary_key
