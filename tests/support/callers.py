"""Who calls a running server over the network: browsers that sign in, from an address of this machine."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter

from tests.support.processes import PATIENCE_SECONDS
from tests.support.visitors import PASSWORD, csrf_of

# Another address of this machine than servers here are called from by default.
ELSEWHERE = "127.0.0.2"


class From(HTTPAdapter):
    """Connects from an address."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        """Make the connections."""
        super().init_poolmanager(*arguments, **options, source_address=(self._address, 0))


def browser(address: str = ELSEWHERE, **headers: str) -> requests.Session:
    """A browser that nobody knows; it trusts any certificate."""
    session = requests.Session()
    session.verify, session.trust_env = False, False
    session.headers.update(headers)
    session.mount("https://", From(address))
    session.mount("http://", From(address))
    return session


def sign_in(session: requests.Session, url: str, name: str, password: str = PASSWORD) -> requests.Response:
    """Send the login form as a person would: the page first. What is answered."""
    page = session.get(f"{url}/admin/login", timeout=PATIENCE_SECONDS)
    form = {"csrf_token": csrf_of(page.text), "username": name, "password": password}
    told = {"Origin": url, "Referer": f"{url}/admin/login"}
    return session.post(f"{url}/admin/login", data=form, headers=told, allow_redirects=False, timeout=PATIENCE_SECONDS)
