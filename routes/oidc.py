"""Somebody signs in by an OpenID Connect provider: authorization code with PKCE, state and nonce, by Authlib.

What Authlib needs to find again (state, nonce, the code's verifier) is in the signed cookie of the login form. Issuer
and audience are held to the settings, whatever the provider's metadata say.
"""

import logging
from dataclasses import dataclass
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, request, session
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response as AnyResponse

from metrics_dash.auth.oidc import NotWelcomeError, refused, welcome
from metrics_dash.web.identity import Identities, address
from metrics_dash.web.paths import BASE_PATH, OIDC_PATH, OIDC_START_PATH
from routes.login import Login, following_of

log = logging.getLogger(__name__)

NAME = "provider"
SCOPE = "openid profile email"
TIMEOUT_SECONDS = 10
AWAY = "The identity provider can’t be reached just now. Please try again."
FAILED = "Signing in did not work. Please try again."
_FOLLOWING = "following"


@dataclass(frozen=True)
class Provider:
    """The routes' work. ``client`` is Authlib's."""

    identities: Identities
    login: Login
    client: Any

    def start(self) -> AnyResponse:
        """Lead to the provider."""
        session[_FOLLOWING] = following_of(request.args.get("next", ""))
        base = (self.identities.settings.public_url or request.host_url).rstrip("/")
        try:
            leads: AnyResponse = self.client.authorize_redirect(f"{base}{OIDC_PATH}")
        except (RequestException, ValueError) as error:
            log.warning("the identity provider can't be asked: %s", type(error).__name__)
            return self.login.tell(503, AWAY)
        leads.headers["Cache-Control"] = "no-store"
        return leads

    def back(self) -> AnyResponse:
        """Sign in whom the provider vouches for, if everything that it says is for us and for this very login."""
        settings, following = self.identities.settings, session.pop(_FOLLOWING, BASE_PATH)
        try:
            claims = self._claims()
            user = welcome(self.identities.database, claims, settings.oidc_roles, address=address())
        except NotWelcomeError as error:
            return self.login.tell(403, f"{str(error)[0].upper()}{str(error)[1:]}.")
        except RequestException as error:
            log.warning("the identity provider can't be asked: %s", type(error).__name__)
            return self.login.tell(503, AWAY)
        except (OAuthError, JoseError, ValueError, KeyError) as error:
            # Its words may hold what was sent, and are for nobody.
            refused(self.identities.database, type(error).__name__, address=address())
            return self.login.tell(401, FAILED)
        return self.login.enter(user, following_of(following), "oidc")

    def _claims(self) -> dict[str, Any]:
        settings = self.identities.settings
        wanted = {
            "iss": {"essential": True, "value": settings.oidc_issuer},
            "sub": {"essential": True},
            "aud": {"essential": True, "value": settings.oidc_client_id},
        }
        token = self.client.authorize_access_token(claims_options=wanted)
        return dict(token["userinfo"])


def register(server: Flask, identities: Identities | None, version: str) -> None:
    """Register the two routes. Where nobody signs in by a provider, they lead to the page."""
    if identities is None or "oidc" not in identities.settings.auth:
        for path in (OIDC_START_PATH, OIDC_PATH):
            server.add_url_rule(path, f"no {path}", lambda: redirect(BASE_PATH, 303), methods=["GET"])
        return
    settings = identities.settings
    assert settings.oidc_issuer is not None
    assert settings.oidc_client_secret is not None
    untyped: Any = OAuth(server)
    client = untyped.register(
        NAME,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": SCOPE, "code_challenge_method": "S256", "default_timeout": TIMEOUT_SECONDS},
    )
    provider = Provider(identities, Login(identities, version), client)
    server.add_url_rule(OIDC_START_PATH, "oidc_start", provider.start, methods=["GET"])
    server.add_url_rule(OIDC_PATH, "oidc_back", provider.back, methods=["GET"])
