"""The routes on a fresh database."""

from collections.abc import Iterator

import pytest

from db.engine import Database
from tests.support.web_client import Site, site


@pytest.fixture
def open_site(database: Database) -> Iterator[Site]:
    with site(database) as opened:
        yield opened
