"""What a person reads in a browser where a page can't be shown: the words that a program gets, on a page of ours."""

from http import HTTPStatus

from flask import Flask, Response, request

from layouts.brand import Brand
from layouts.login import message_page
from metrics_dash.web import problems
from metrics_dash.web.client import PAGES
from metrics_dash.web.problems import ProblemError

AWAY = "Not available just now"
AGAIN_SECONDS = 10


def register(server: Flask, version: str, brand: Brand) -> None:
    """Let people be told on a page, which tries again by itself where that may help."""

    def page(problem: ProblemError) -> Response | None:
        if request.path not in PAGES:
            return None
        away = problem.status == HTTPStatus.SERVICE_UNAVAILABLE
        title = AWAY if away else HTTPStatus(problem.status).phrase.capitalize()
        words = f"{problem.error[:1].upper()}{problem.error[1:]}."
        html = message_page(version, title, words, brand, again=AGAIN_SECONDS if away else None)
        headers = {**(problem.headers or {}), "Cache-Control": "no-store"}
        return Response(html, problem.status, headers, "text/html")

    problems.show(server, page)
