"""The page on a fresh database."""

import pytest
from flask.testing import FlaskClient

from db.engine import Database
from tests.support.web_client import page_client


@pytest.fixture
def client(database: Database) -> FlaskClient:
    return page_client(database)
