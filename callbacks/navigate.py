"""Somebody follows a link, goes back, or chooses a range: the address changes, and the data are asked for anew.

All of it happens in the browser (the scripts in assets/); here stands only what triggers what.
"""

from typing import Any

from dash import ALL, ClientsideFunction, Dash, Input, Output, State

NAMESPACE = "metrics"


def register(app: Dash) -> None:
    """Wire the address to the question, to the pace of the refresh, and to the controls."""
    _clientside(
        app,
        "plan",
        Output("request", "data"),
        Input("url", "search"),
        Input("tick", "n_intervals"),
    )
    _clientside(app, "pace", Output("tick", "interval"), Output("tick", "disabled"), Input("url", "search"))
    _clientside(
        app,
        "recolour",
        Output({"type": "graph", "chart": ALL}, "figure"),
        Input("theme", "data"),
        State({"type": "graph", "chart": ALL}, "figure"),
        prevent_initial_call=True,
    )


def _clientside(app: Dash, name: str, *arguments: Input | Output | State, **options: bool) -> None:
    wire: Any = app.clientside_callback
    wire(ClientsideFunction(NAMESPACE, name), *arguments, **options)
