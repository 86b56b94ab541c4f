"""Who is signed in, and which pages of the admin area are open to them."""

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import html

from layouts.icons import icon
from layouts.markup import attributes
from metrics_dash.auth.permissions import LOCAL, MANAGE, VIEW_LOGS, Permission, Principal
from metrics_dash.web.paths import (
    AUDIT_LOG_PATH,
    BASE_PATH,
    LINKS_PATH,
    LOGIN_PATH,
    LOGOUT_PATH,
    PIPELINE_PATH,
    TOKENS_PATH,
    USERS_PATH,
)

# Path, title, icon, and what opens it.
ENTRIES: Sequence[tuple[str, str, str, Permission]] = (
    (BASE_PATH, "Metrics", "metrics", VIEW_LOGS),
    (PIPELINE_PATH, "Pipeline", "pipeline", MANAGE),
    (USERS_PATH, "Users", "users", MANAGE),
    (TOKENS_PATH, "Tokens", "token", MANAGE),
    (LINKS_PATH, "Links", "link", MANAGE),
    (AUDIT_LOG_PATH, "Audit log", "log", MANAGE),
)


def entries(viewer: Principal = LOCAL, current: str = BASE_PATH) -> html.Div:
    """Return the sidebar's entries for whoever looks. Without a login there is nobody to manage."""
    open_pages = [
        html.A(
            [icon(image), html.Span(title)],
            href=path,
            className="entry",
            **attributes(aria_current="page" if path == current else None),
        )
        for path, title, image, permission in ENTRIES
        if viewer.may(permission) and (path in (BASE_PATH, PIPELINE_PATH) or viewer.kind == "user")
    ]
    return html.Div(open_pages, className="entries")


def account(viewer: Principal, csrf: str | None) -> html.Div:
    """Return who is signed in, and the way out; ``csrf`` is None where the session is not ours to end."""
    if viewer.kind != "user":
        return html.Div(hidden=True)
    name = html.Span(viewer.name, className="name", title=f"Signed in as {viewer.name}")
    if csrf is None:
        return html.Div(name, className="account")
    out = html.Form(
        [dbc.Input(type="hidden", name="csrf_token", value=csrf), html.Button("Sign out", type="submit")],
        action=LOGOUT_PATH,
        method="POST",
    )
    return html.Div([name, out], className="account")


def sign_in_again() -> html.A:
    """Return the way back in, shown by assets/page/signin.js when the session has ended."""
    return html.A("Sign in again", id="sign-in", href=LOGIN_PATH, className="button note", hidden=True)
