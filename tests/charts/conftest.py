"""Queries on a fresh database, at a time that a test moves."""

from dataclasses import replace

import pytest

from db.engine import Database
from metrics_dash.catalog import load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.settings import load_settings
from tests.support.charts import LOGIN, Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queries(database: Database, clock: Clock) -> Queries:
    catalog = load_catalog()
    # Logins may be split by a zone, too.
    login = catalog.events[LOGIN].model_copy(update={"dimensions": ("success", "zone")})
    catalog = replace(catalog, events={**catalog.events, LOGIN: login})
    return Queries(database, catalog, load_settings({}), clock=clock)
