"""What a login opens: a cookie of 256 random bits, and a row that says whose it is."""

from datetime import timedelta

from db import audit_log, sessions, users
from db.engine import Database
from db.users import User
from metrics_dash.auth.permissions import Principal
from metrics_dash.auth.secrets import digest_of, new_cookie


class Sessions:
    """Opens, finds and ends sessions. ``idle``: how long one lasts unused; ``lifetime``: how long at most."""

    def __init__(self, database: Database, *, idle: timedelta, lifetime: timedelta) -> None:
        self._database = database
        self._idle = idle
        self.lifetime = lifetime

    def open(self, user: User, *, address: str, method: str, instead_of: str | None = None) -> str:
        """Return the cookie of a new session, in place of the one that the browser had."""
        cookie = new_cookie()
        with self._database.begin() as connection:
            if instead_of is not None:
                sessions.close_session(connection, digest_of(instead_of))
            sessions.open_session(connection, digest_of(cookie), user.user_id, address=address, lifetime=self.lifetime)
            users.saw_user(connection, user.user_id)
            audit_log.append(connection, user.name, "login", address=address, method=method)
        return cookie

    def find(self, cookie: str) -> Principal | None:
        """Return whose session this is, where it holds. Asks the primary each time, so an end acts at once."""
        digest = digest_of(cookie)
        with self._database.reading("primary") as connection:
            found = sessions.find_session(connection, digest, idle=self._idle)
        if found is None:
            return None
        if found.stale:
            with self._database.begin() as connection:
                sessions.touch_session(connection, digest)
        return principal_of(found.user)

    def close(self, cookie: str, principal: Principal, *, address: str) -> None:
        """End a session."""
        with self._database.begin() as connection:
            sessions.close_session(connection, digest_of(cookie))
            audit_log.append(connection, principal.actor, "logout", address=address)


def principal_of(user: User) -> Principal:
    """Return what a person may do."""
    return Principal("user", user.name, user.permissions)
