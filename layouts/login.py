"""The login and logout pages: plain HTML, as nobody who is not logged in is given the page's scripts to run."""

from collections.abc import Mapping
from html import escape
from urllib.parse import urlencode

from layouts.begin import FIRST_SCRIPT
from layouts.brand import NO_BRAND, Brand
from metrics_dash.web.paths import BASE_PATH, LOGIN_PATH, LOGOUT_PATH, OIDC_START_PATH

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
{head}<title>{title} · {product}</title>
<link rel="icon" href="{icon}">
<script>{script}</script>
<style>{variables}</style>
{styles}
</head>
<body class="login">
<main>
<div class="brand">{picture}<span>{name}</span></div>
<h1>{title}</h1>
{problem}
{content}
</main>
</body>
</html>
"""
_STYLES = ("vendor/bootstrap-reboot.min.css", "css/metrics.css", "css/login.css")


def login_page(
    version: str,
    *,
    csrf: str,
    following: str = "",
    username: str = "",
    problem: str = "",
    password: bool = True,
    provider: bool = False,
    brand: Brand = NO_BRAND,
) -> str:
    """Return the login page. ``password``: with a form for one; ``provider``: with the way to an identity provider."""
    parts = []
    if password:
        parts.append(
            _form(
                LOGIN_PATH,
                csrf,
                "Sign in",
                {"next": following},
                _field("username", "Name", "text", username, "username")
                + _field("password", "Password", "password", "", "current-password"),
            )
        )
    if provider:
        # A link: browsers hold where a form leads to the page's policy, and the provider is elsewhere.
        look = "button" if password else "button primary"
        way = f"{OIDC_START_PATH}?{urlencode({'next': following})}"
        parts.append(f'<p><a class="{look}" href="{escape(way)}">Sign in with your organisation</a></p>')
    if not parts:
        parts.append('<p class="quiet">People are signed in by the proxy before this server. You came past it.</p>')
    return _page("Sign in", version, "\n".join(parts), problem, brand)


def logout_page(version: str, *, csrf: str, name: str, brand: Brand = NO_BRAND) -> str:
    """Return the page that asks whether to sign out."""
    who = f'<p class="quiet">You are signed in as {escape(name)}.</p>'
    back = f'<p><a href="{BASE_PATH}">Back to the charts</a></p>'
    return _page("Sign out", version, who + _form(LOGOUT_PATH, csrf, "Sign out", {}, "") + back, "", brand)


def message_page(version: str, title: str, problem: str, brand: Brand = NO_BRAND, *, again: int | None = None) -> str:
    """Return a page that says what is wrong, and nothing else; it opens anew after ``again`` seconds, by no script."""
    note = "" if again is None else f'<p class="quiet">This page tries again every {again} seconds.</p>'
    refresh = "" if again is None else f'<meta http-equiv="refresh" content="{again}">\n'
    return _page(title, version, note, problem, brand, refresh)


def secret_page(version: str, title: str, secret: str, back: str, brand: Brand = NO_BRAND) -> str:
    """Return the page that shows a secret, once."""
    shown = f'<input class="input secret" aria-label="{escape(title)}" value="{escape(secret)}" readonly autofocus>'
    note = '<p class="quiet">Copy it now. It is not kept, and will not be shown again.</p>'
    return _page(title, version, f'{note}{shown}<p><a href="{back}">Done</a></p>', "", brand)


def _page(title: str, version: str, content: str, problem: str, brand: Brand, head: str = "") -> str:
    styles = "\n".join(
        f'<link rel="stylesheet" href="{BASE_PATH}assets/{name}?v={escape(version)}">' for name in _STYLES
    )
    alert = f'<p class="problem" role="alert">{escape(problem)}</p>' if problem else ""
    return _PAGE.format(
        head=head,
        title=escape(title),
        icon=f"{BASE_PATH}_favicon.ico",
        script=FIRST_SCRIPT,
        variables=brand.variables(),
        product=escape(brand.title),
        name=escape(brand.name),
        picture=f'<img class="logo" src="{escape(brand.logo)}" alt="">' if brand.logo else '<i class="logo"></i>',
        styles=styles,
        problem=alert,
        content=content,
    )


def _form(action: str, csrf: str, label: str, hidden: Mapping[str, str], fields: str) -> str:
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(value)}">'
        for name, value in {"csrf_token": csrf, **hidden}.items()
    )
    button = f'<button class="button primary" type="submit">{label}</button>'
    return f'<form method="post" action="{action}">{kept}{fields}{button}</form>'


def _field(name: str, label: str, kind: str, value: str, autocomplete: str) -> str:
    focus = " autofocus" if not value and name == "username" else ""
    return (
        f'<div class="field"><label for="{name}">{label}</label><input class="input" id="{name}" name="{name}" '
        f'type="{kind}" value="{escape(value)}" autocomplete="{autocomplete}" autocapitalize="none" spellcheck="false" '
        f'maxlength="256" required{focus}></div>'
    )
