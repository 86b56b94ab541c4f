"""The main flows once more through Dash's own test driver: links, back, and a page that keeps up."""

from typing import Any

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from app import create_app
from db.engine import Database
from metrics_dash.settings import Settings
from metrics_dash.web.paths import BASE_PATH
from tests.browser.conftest import CATALOG

pytestmark = pytest.mark.usefixtures("history")


@pytest.fixture
def duo(dash_duo: Any, database: Database, settings: Settings) -> Any:
    dash_duo.start_server(create_app(settings, database=database), navigate=False)
    dash_duo.server_url = dash_duo.server.url + BASE_PATH
    return dash_duo


def test_tabs_and_ranges_are_followed_and_back_returns(duo: Any) -> None:
    duo.wait_for_page(duo.server_url, timeout=20)
    for tab in CATALOG.tabs:
        duo.find_element(f"#tab-{tab.id}").click()
        duo.wait_for_element(f"#grid-{tab.id} .js-plotly-plot .main-svg", timeout=20)
        duo.wait_for_text_to_equal("h1", tab.title, timeout=20)
    duo.find_element("#range-7d").click()
    duo.wait_for_contains_text("#footer", "1-hour buckets", timeout=20)
    duo.driver.back()
    duo.wait_for_contains_text("#footer", "5-minute buckets", timeout=20)
    assert duo.find_element(f"#tab-{CATALOG.tabs[-1].id}").get_attribute("aria-current") == "page"


def test_a_deep_link_opens_what_it_names(duo: Any) -> None:
    duo.wait_for_page(duo.server_url + "?tab=combat&range=30d&theme=dark", timeout=20)
    duo.wait_for_element("#grid-combat .js-plotly-plot .main-svg", timeout=20)
    duo.wait_for_contains_text("#footer", "3-hour buckets", timeout=20)
    assert duo.find_element("#range-30d").get_attribute("aria-current") == "true"
    assert duo.driver.execute_script("return document.documentElement.dataset.bsTheme") == "dark"


def test_ticks_are_answered_and_leave_no_error_behind(duo: Any) -> None:
    duo.wait_for_page(duo.server_url + "?tab=auth&range=1h", timeout=20)
    duo.wait_for_element("#grid-auth .js-plotly-plot .main-svg", timeout=20)
    first = duo.driver.execute_script("return metrics.answer && metrics.answer.at")
    WebDriverWait(duo.driver, 20).until(lambda driver: driver.execute_script("return metrics.answer.at") > (first or 0))
    assert [entry for entry in duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
