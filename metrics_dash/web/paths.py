"""Where the page lives, and what belongs to it."""

BASE_PATH = "/admin/metrics/"
"""The dashboard. Everything that belongs to it lies below."""

LOGO_PATH = f"{BASE_PATH}logo"
LOGIN_PATH, LOGOUT_PATH = "/admin/login", "/admin/logout"
OIDC_START_PATH, OIDC_PATH = "/admin/login/oidc", "/admin/login/oidc/back"
LINK_PATH = "/admin/link"
USERS_PATH, TOKENS_PATH, LINKS_PATH, AUDIT_LOG_PATH = (
    "/admin/users",
    "/admin/tokens",
    "/admin/links",
    "/admin/audit-log",
)
PIPELINE_PATH = "/admin/pipeline"
"""Of the pages of management the one that there is without a login, too."""
MANAGEMENT_PATHS = (USERS_PATH, TOKENS_PATH, LINKS_PATH, AUDIT_LOG_PATH, PIPELINE_PATH)
MANAGEMENT_BASE = "/admin/manage/"
"""What Dash needs to show the pages of management; they themselves lie at the paths above."""
