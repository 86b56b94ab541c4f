"""The page's plain routes, one file each: tables, raw events, files, pictures, ranges. ``register`` adds them all."""

from flask import Flask

from metrics_dash.web.context import Context
from routes import details, export, ranges


def register(server: Flask, context: Context) -> None:
    """Register every route below the page's path."""
    export.register(server, context)
    details.register(server, context)
    ranges.register(server, context)
