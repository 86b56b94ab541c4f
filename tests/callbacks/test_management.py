"""A management page is what its address names, for whoever may manage."""

from datetime import UTC, datetime

import pytest

from callbacks.management import Management, parts_of
from metrics_dash.auth.permissions import PERMISSIONS, VIEW_LOGS, ForbiddenError, Principal
from metrics_dash.catalog import load_catalog
from metrics_dash.web.paths import MANAGEMENT_PATHS
from tests.support.components import words

ADMIN = Principal("user", "ann", frozenset(PERMISSIONS))


def management(viewer: Principal = ADMIN, asked: list[int | None] | None = None) -> Management:
    def log(before: int | None) -> list[tuple[int, object]]:
        (asked if asked is not None else []).append(before)
        return []

    return Management(
        viewer=lambda: viewer,
        csrf=lambda: "token",
        notices=list,
        clock=lambda: datetime(2026, 1, 31, tzinfo=UTC),
        catalog=load_catalog(),
        people=list,
        programs=list,
        links_and_walls=lambda: ([], []),
        log=log,  # type: ignore[arg-type]
        pipeline=lambda: 1 / 0,  # type: ignore[arg-type, return-value]
    )


@pytest.mark.parametrize("path", MANAGEMENT_PATHS)
def test_each_page_has_its_parts_for_an_admin_alone(path: str) -> None:
    assert words(parts_of(path, "", management()))
    with pytest.raises(ForbiddenError):
        parts_of(path, "", management(Principal("user", "bob", frozenset({VIEW_LOGS}))))


@pytest.mark.parametrize("path", ["", "/admin/nothing", "/admin/users/", "/admin/manage/"])
def test_a_page_that_there_is_not_has_none(path: str) -> None:
    with pytest.raises(ForbiddenError):
        parts_of(path, "", management())


@pytest.mark.parametrize(("search", "before"), [("?before=7", 7), ("", None), ("?before=-1", None), ("?before=x", None),
                                                ("?before=" + "9" * 30, None)])  # fmt: skip
def test_older_entries_are_asked_for_by_the_address(search: str, before: int | None) -> None:
    asked: list[int | None] = []
    parts_of("/admin/audit-log", search, management(asked=asked))
    assert asked == [before]
