"""``/admin/metrics/version``: which version serves, and whether it can. Pages that were cut off ask it."""

from collections.abc import Callable, Iterable

from flask import Flask, Response

from metrics_dash.web.answers import json_answer
from metrics_dash.web.paths import BASE_PATH

PATH = f"{BASE_PATH}version"


def install(server: Flask, version: str, problems: Callable[[], Iterable[str]]) -> None:
    """Register the route. ``problems`` gives what keeps this process from serving, nothing when it is ready.

    The answer is 200 in both cases: it was reached, and that is what is asked.
    """

    @server.get(PATH)
    def version_of_page() -> Response:
        return json_answer({"version": version, "ready": not list(problems())})
