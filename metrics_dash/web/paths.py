"""Where the page lives, and what belongs to it."""

BASE_PATH = "/admin/metrics/"
"""The dashboard. Everything that belongs to it lies below."""

LOGIN_PATH, LOGOUT_PATH = "/admin/login", "/admin/logout"
OIDC_START_PATH, OIDC_PATH = "/admin/login/oidc", "/admin/login/oidc/back"
LINK_PATH = "/admin/link"
MANAGEMENT_PATHS = ("/admin/users", "/admin/tokens", "/admin/links", "/admin/audit-log")
