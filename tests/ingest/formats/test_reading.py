"""The bounds that every format reads within."""

import pytest

from metrics_dash.ingest.formats.reading import MAX_EVENTS, STRIDE, OversizedBodyError, bounded


def test_work_is_accounted_for_while_events_are_read() -> None:
    turns: list[None] = []
    assert len(list(bounded(((None, 1) for _ in range(3 * STRIDE)), lambda: turns.append(None)))) == 3 * STRIDE
    assert len(turns) == 3


def test_more_events_than_anybody_means_are_refused() -> None:
    with pytest.raises(OversizedBodyError, match="250,000 events"):
        list(bounded(((None, 1) for _ in range(MAX_EVENTS + 1)), lambda: None))
