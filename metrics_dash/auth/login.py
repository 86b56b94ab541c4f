"""A name and a password, for a session. Answers and times are the same whether there is somebody of that name."""

from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network

from db import audit_log, users
from db.attempts import Allowance, attempt, forgive
from db.engine import Database
from db.users import User
from metrics_dash.auth.passwords import hash_password, needs_rehash, verify_password

# What a person may mistype; who guesses gets a few hundred tries a day, wherever they come from.
OF_AN_ACCOUNT = Allowance(10, timedelta(minutes=3))
OF_AN_ADDRESS = Allowance(30, timedelta(seconds=20))


# Whoever came in.
Person = User


@dataclass(frozen=True, slots=True)
class Refused:
    """Nobody came in; ``wait`` where it was not even looked."""

    wait: timedelta | None = None


def log_in(database: Database, name: str, password: str, *, address: str) -> Person | Refused:
    """Return who it is, or that it is nobody. The try is counted before it is looked at, by account and by address."""
    name = name.replace("\0", "\ufffd")  # the database can't hold it, and nobody has it in their name
    account = f"account {name.casefold()[:200]}"
    from_there = f"address {network_of(address)}"
    with database.begin() as connection:
        wait = attempt(connection, from_there, OF_AN_ADDRESS) or attempt(connection, account, OF_AN_ACCOUNT)
        if wait is not None:
            audit_log.append(connection, name, "login.throttled", address=address)
            return Refused(wait)
        kept = users.password_hash(connection, name)
    if not verify_password(password, kept):
        with database.begin() as connection:
            audit_log.append(connection, name, "login.failed", address=address)
        return Refused()
    with database.begin() as connection:
        # Whoever has one account must not get more guesses at others by it: only this try is taken back. In the order
        # of above, so that no two logins wait for each other.
        forgive(connection, from_there)
        forgive(connection, account)
        if kept is not None and needs_rehash(kept):
            users.set_password_hash(connection, name, hash_password(password))
        user = users.user_of(connection, name)
    return user if user is not None and user.disabled_at is None else Refused()


def network_of(address: str) -> str:
    """Return what one client has at most: an address, of version 6 a network of 64 bits."""
    try:
        found = ip_address(address)
    except ValueError:
        return address[:100]
    return str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))
