"""Columns and conditions that tables have in common (``db.schema``), and what they all belong to."""

from collections.abc import Iterable

from sqlalchemy import Column, DateTime, MetaData, Table, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()


def one_of(column: str, names: Iterable[str]) -> str:
    """Return the condition that a column is one of these names."""
    return f"{column} IN ({', '.join(map(repr, names))})"


def moment(name: str, *, default: str | None = None, nullable: bool = False) -> Column[object]:
    """Return the column of a time with a zone."""
    return Column(
        name,
        DateTime(timezone=True),
        nullable=nullable,
        server_default=text(default) if default else None,
    )


def json_map(name: str) -> Column[object]:
    """Return the column of a map, by default an empty one."""
    return Column(name, JSONB, nullable=False, server_default=text("'{}'::jsonb"))


def like(table: Table, without: str = "") -> Iterable[Column[object]]:
    """Return columns like those of another table, without its keys."""
    return (
        Column(each.name, each.type, nullable=each.nullable, server_default=each.server_default)
        for each in table.columns
        if each.name != without
    )
