"""What every answer says to a browser: what the page may load and do, and that nobody keeps what it shows."""

from collections.abc import Callable, Iterable

from flask import Flask, Response, request


def content_security_policy(script_hashes: Iterable[str]) -> str:
    """Return the policy of every answer: scripts of ours and the inline ones named by hash; nothing from elsewhere.

    Styles may be inline, because pickers and grids write them.
    """
    scripts = " ".join(["'self'", *script_hashes])
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
        "font-src 'self' data:; worker-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'self'"
    )


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What the page does not use, no script on it may; it copies links, fills the screen and keeps it awake. Only what
    # Chromium knows: it complains of any other on every page.
    "Permissions-Policy": ", ".join(
        [*(f"{feature}=(self)" for feature in ("clipboard-write", "fullscreen", "screen-wake-lock")),
         *(f"{feature}=()" for feature in (
             "accelerometer", "autoplay", "browsing-topics", "camera", "clipboard-read", "display-capture",
             "geolocation", "gyroscope", "hid", "identity-credentials-get", "idle-detection", "local-fonts",
             "magnetometer", "microphone", "midi", "payment", "publickey-credentials-get", "serial", "usb",
             "xr-spatial-tracking"))]
    ),
}  # fmt: skip


ONE_YEAR = 31_536_000


def install(server: Flask, script_hashes: Callable[[], Iterable[str]]) -> None:
    """Head every response. ``script_hashes`` is asked once, at the first response."""
    policy: list[str] = []

    @server.after_request
    def _head(response: Response) -> Response:
        if not policy:
            policy.append(content_security_policy(script_hashes()))
        for name, value in {"Content-Security-Policy": policy[0], **HEADERS}.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", f"max-age={ONE_YEAR}")
        return response
