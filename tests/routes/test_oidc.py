"""Signing in by a real provider: the whole flow, and everything in it that could be forged."""

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from oidc_provider_mock import User, run_server_in_thread
from werkzeug.test import TestResponse

from db.engine import Database
from metrics_dash.auth import people
from routes import oidc
from tests.support.visitors import House, house
from tests.support.web_client import page_client

START, BACK, PAGE = "/admin/login/oidc", "/admin/login/oidc/back", "/admin/metrics/version"


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """The address of a provider that knows ann, of the group ops, and bob, of none."""
    known = [
        User(sub="ann", claims={"preferred_username": "Ann Lee", "groups": ["ops"]}),
        User(sub="bob", claims={"groups": []}),
    ]
    with run_server_in_thread(require_nonce=True, user_claims=known) as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def opened(database: Database, tmp_path: Path, provider: str) -> Iterator[House]:
    with house(database, tmp_path, **environment(provider)) as opened:
        yield opened


def environment(provider: str, **more: str) -> dict[str, str]:
    return {
        "METRICS_AUTH": "oidc",
        "METRICS_OIDC_ISSUER": provider,
        "METRICS_OIDC_CLIENT_ID": "metrics",
        "METRICS_OIDC_CLIENT_SECRET": "secret of the client",
        "METRICS_OIDC_ROLES": "ops=admin",
        **more,
    }


def asked(client: FlaskClient, following: str = "") -> str:
    """Where the provider is asked, of a login that begins."""
    answer = client.get(START, query_string={"next": following})
    assert answer.status_code == 302, answer.text
    return answer.headers["Location"]


def vouched(address: str, sub: str) -> str:
    """Where the provider leads back, once somebody has said who they are."""
    answer = requests.post(address, data={"sub": sub}, allow_redirects=False, timeout=30)
    assert answer.status_code == 302, answer.text
    parts = urlsplit(answer.headers["Location"])
    return f"{parts.path}?{parts.query}"


def signed_in(client: FlaskClient, sub: str = "ann", following: str = "") -> TestResponse:
    return client.get(vouched(asked(client, following), sub))


def test_whom_the_provider_vouches_for_is_in_with_the_role_of_their_groups(opened: House) -> None:
    client = opened.stranger()
    answer = signed_in(client, following="/admin/metrics/?tab=auth")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/metrics/?tab=auth")
    assert client.get(PAGE).status_code == client.get("/admin/users").status_code == 200
    ann = people.find(opened.database, "Ann Lee")
    assert ann is not None
    assert (ann.role, ann.source) == ("admin", "oidc")


def test_who_has_no_group_of_a_role_does_not_come_in(opened: House) -> None:
    client = opened.stranger()
    answer = signed_in(client, "bob")
    assert answer.status_code == 403
    assert "Your account has no access here" in answer.text
    assert client.get(PAGE).status_code == 401


def test_it_asks_for_a_code_with_pkce_state_and_nonce(opened: House, provider: str) -> None:
    address = asked(opened.stranger())
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider}/oauth2/authorize?")
    assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
    assert query["redirect_uri"] == f"http://localhost{BACK}"
    assert len(base64.urlsafe_b64decode(query["code_challenge"] + "=")) == hashlib.sha256().digest_size
    assert query["state"]
    assert query["nonce"]
    assert "secret of the client" not in address


def test_a_code_that_another_browser_got_is_of_no_use(opened: House) -> None:
    back = vouched(asked(opened.stranger()), "ann")
    victim = opened.stranger()
    asked(victim)
    assert victim.get(back).status_code == 401
    assert victim.get(PAGE).status_code == 401


def test_a_code_is_used_once(opened: House) -> None:
    client = opened.stranger()
    back = vouched(asked(client), "ann")
    assert client.get(back).status_code == 303
    assert client.get(back).status_code == 401


@pytest.mark.parametrize(
    "query", ["", "code=x", "state=x", "code=x&state=x", "error=access_denied&error_description=<b>"]
)
def test_what_is_no_answer_of_the_provider_signs_nobody_in(opened: House, query: str) -> None:
    client = opened.stranger()
    asked(client)
    answer = client.get(f"{BACK}?{query}")
    assert answer.status_code == 401
    assert oidc.FAILED in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize(
    "changed",
    [{"METRICS_OIDC_ISSUER": "http://127.0.0.1:{port}"}, {"METRICS_OIDC_ISSUER": "http://localhost:{port}/"}],
)
def test_another_issuer_than_the_setting_says_is_refused(
    database: Database, tmp_path: Path, provider: str, changed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The provider says of itself that it is at the host that it was asked at, so the setting is what differs."""
    port = provider.rpartition(":")[2]
    changed = {name: value.format(port=port) for name, value in changed.items()}
    with house(database, tmp_path, **environment(provider, **changed)) as opened:
        client = opened.stranger()
        address = asked(client)
        if "127.0.0.1" in address:
            address = address.replace("127.0.0.1", "localhost")
            monkeypatch.setattr(oidc.Provider, "_claims", _as_of(provider, oidc.Provider._claims))
        assert client.get(vouched(address, "ann")).status_code == 401
        assert client.get(PAGE).status_code == 401


def _as_of(provider: str, claims: Any) -> Any:
    """Let the provider be asked for tokens at another of its names than the setting has."""

    def changed(self: Any) -> Any:
        metadata = self.client.load_server_metadata()
        metadata["token_endpoint"] = f"{provider}/oauth2/token"
        return claims(self)

    return changed


@pytest.mark.parametrize("audience", ["another-client", ["another-client"], [], None])
def test_a_token_for_another_audience_is_refused(opened: House, audience: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from authlib.integrations.base_client import sync_openid

    decode = sync_openid.jwt.decode

    def decoded(*arguments: Any, **options: Any) -> Any:
        token = decode(*arguments, **options)
        token.claims["aud"] = audience
        return token

    monkeypatch.setattr(sync_openid.jwt, "decode", decoded)
    assert signed_in(opened.stranger()).status_code == 401


def test_a_token_of_another_login_is_refused(opened: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from authlib.integrations.base_client import sync_openid

    decode = sync_openid.jwt.decode

    def decoded(*arguments: Any, **options: Any) -> Any:
        token = decode(*arguments, **options)
        token.claims["nonce"] = "of another login"
        return token

    monkeypatch.setattr(sync_openid.jwt, "decode", decoded)
    assert signed_in(opened.stranger()).status_code == 401


def test_a_provider_that_is_away_is_said_in_words(database: Database, tmp_path: Path) -> None:
    with house(database, tmp_path, **environment("http://localhost:1")) as opened:
        answer = opened.stranger().get(START)
        assert answer.status_code == 503
        assert oidc.AWAY in answer.text


def test_the_login_page_leads_to_the_provider_and_takes_no_password(opened: House) -> None:
    page = opened.stranger().get("/admin/login?next=/admin/metrics/").text
    assert f'href="{START}?next=%2Fadmin%2Fmetrics%2F"' in page
    assert 'type="password"' not in page


@pytest.mark.parametrize("path", [START, BACK])
def test_without_a_provider_these_lead_to_the_page(database: Database, path: str) -> None:
    assert page_client(database).get(path).headers["Location"] == "/admin/metrics/"
