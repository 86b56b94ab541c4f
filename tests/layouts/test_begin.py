"""The script that stands in every page: what the policy lets run, and nothing in it that only people read."""

import base64
import hashlib
import re

from layouts.begin import FIRST_SCRIPT, first_script_hash
from layouts.shell import index_string
from metrics_dash.settings import Settings
from tests.support.figures import CATALOG


def test_the_first_script_is_the_one_that_the_policy_lets_run() -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", index_string(CATALOG, Settings(), "1"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert first_script_hash() == f"'sha256-{digest}'"
    assert script == FIRST_SCRIPT


def test_a_browser_gets_every_line_of_it_but_those_for_people() -> None:
    assert "/* Scripts */" not in FIRST_SCRIPT
    assert "Stands in the page itself" not in FIRST_SCRIPT
    assert not re.search(r"^\s", FIRST_SCRIPT, re.MULTILINE)
    for part in ("function theme()", "window.whole = new Promise", "function watch()", "})();"):
        assert part in FIRST_SCRIPT


def test_nothing_in_it_ends_it_or_is_a_field_of_the_page() -> None:
    assert "</" not in FIRST_SCRIPT
    assert "<!--" not in FIRST_SCRIPT
    assert "{%" not in FIRST_SCRIPT
