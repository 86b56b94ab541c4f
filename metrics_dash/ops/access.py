"""Who can come in, as the doctor sees it: the login and whoever manages it, the key, the proxy, tokens that end."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection

from db.links import Link, list_links
from db.tokens import Token, list_tokens
from db.users import list_users, name_key
from metrics_dash.auth.permissions import MANAGE
from metrics_dash.auth.secret_key import FILE, kept
from metrics_dash.ops.finding import Finding, Verdict
from metrics_dash.settings import Settings, SettingsError

ENDS_SOON = timedelta(days=7)
NAMED = 3


def access(
    settings: Settings, connection: Connection, now: datetime, tabs: Collection[str] | None = None
) -> Iterator[Finding]:
    """Look at who can come in. Without a login that is this machine alone, and there is nothing more to look at.

    ``tabs``: those of the catalog; None where it can't be read.
    """
    if not settings.auth:
        yield Finding("login", Verdict.GOOD, "none, so this machine alone is served")
        return
    yield _login(settings, connection)
    yield from _names(connection)
    yield _key(settings)
    if settings.trusted_proxies:
        yield _proxy(settings)
    yield _tokens(list_tokens(connection), now)
    if tabs is not None:
        yield _links(list_links(connection), now, tabs)


def _login(settings: Settings, connection: Connection) -> Finding:
    by = f"by {', '.join(settings.auth)}"
    admitted = [user for user in list_users(connection) if user.disabled_at is None and user.source in settings.auth]
    managing = sum(MANAGE in user.permissions for user in admitted)
    people = f"{len(admitted)} {'person' if len(admitted) == 1 else 'people'}, {managing} of them admin"
    if managing or ("oidc" in settings.auth and "admin" in settings.oidc_roles.values()):
        return Finding("login", Verdict.GOOD, f"{by}: {people}")
    remedy = f"run python -m metrics_dash users add NAME --role admin{_source(settings)}"
    return Finding("login", Verdict.WORTH_A_LOOK, f"{by}: {people}, so nobody can manage it", remedy)


def _source(settings: Settings) -> str:
    """Return what else the command needs where nobody has a password here."""
    if "password" in settings.auth:
        return ""
    return " --source proxy" if "proxy" in settings.auth else ", and add password to METRICS_AUTH"


def _names(connection: Connection) -> Iterator[Finding]:
    """Name people who were added before names had to be told apart."""
    alike: dict[str, list[str]] = {}
    for user in list_users(connection):
        if user.disabled_at is None:
            alike.setdefault(name_key(user.name), []).append(user.name)
    groups = [" and ".join(names) for names in alike.values() if len(names) > 1]
    if groups:
        more = f", and {len(groups) - NAMED} more" if len(groups) > NAMED else ""
        text = f"{'; '.join(groups[:NAMED])}{more}: whoever reads them can't tell them apart"
        remedy = "let one of each in no longer: python -m metrics_dash users disable NAME"
        yield Finding("names", Verdict.WORTH_A_LOOK, text, remedy)


def _key(settings: Settings) -> Finding:
    if settings.secret_key is not None:
        return Finding("secret key", Verdict.GOOD, "given by SECRET_KEY")
    try:
        key = kept(settings)
    except (SettingsError, OSError) as error:
        text = str(error).removeprefix("SECRET_KEY: ")
        return Finding("secret key", Verdict.BAD, text, "look at that file, or give a key by SECRET_KEY")
    file = settings.data_dir / FILE
    return Finding("secret key", Verdict.GOOD, f"kept in {file}" if key else f"made at the first start, in {file}")


def _proxy(settings: Settings) -> Finding:
    places = ", ".join(settings.trusted_proxies)
    if settings.proxy_secret is not None:
        return Finding("proxy", Verdict.GOOD, f"trusted at {places}, and by its secret")
    remedy = "set METRICS_PROXY_SECRET, and let the proxy send it as X-Metrics-Proxy-Secret"
    text = f"trusted at {places} without a secret: whatever connects from there can claim any client's address"
    return Finding("proxy", Verdict.WORTH_A_LOOK, text, remedy)


def _tokens(tokens: list[Token], now: datetime) -> Finding:
    hold = [each for each in tokens if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)]
    ending = sorted(
        (each.expires_at, each.name, each.token_id)
        for each in hold
        if each.expires_at is not None and each.expires_at - now <= ENDS_SOON
    )
    if not ending:
        counted = f"{len(hold)} {'holds' if len(hold) == 1 else 'hold'}"
        return Finding("tokens", Verdict.GOOD, f"{counted}, none ends within {ENDS_SOON.days} days")
    named = ", ".join(f"{name} ({token_id}) on {at:%Y-%m-%d %H:%M} UTC" for at, name, token_id in ending[:NAMED])
    more = f" and {len(ending) - NAMED} more" if len(ending) > NAMED else ""
    remedy = "give their programs new ones: python -m metrics_dash tokens add"
    return Finding("tokens", Verdict.WORTH_A_LOOK, f"{named}{more}: they end then", remedy)


def _links(links: list[Link], now: datetime, tabs: Collection[str]) -> Finding:
    hold = [each for each in links if each.revoked_at is None and (each.expires_at is None or each.expires_at > now)]
    lost = [(each.link_id, gone) for each in hold if (gone := [tab for tab in each.tabs if tab not in tabs])]
    if not lost:
        return Finding("links", Verdict.GOOD, f"{len(hold)} {'holds' if len(hold) == 1 else 'hold'}")
    named = ", ".join(f"{link_id} shows {' and '.join(gone)}" for link_id, gone in lost[:NAMED])
    more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
    remedy = "give the walls new links, or the catalog its tabs: python -m metrics_dash links add, links revoke"
    return Finding("links", Verdict.WORTH_A_LOOK, f"{named}{more}: tabs that the catalog no longer has", remedy)
