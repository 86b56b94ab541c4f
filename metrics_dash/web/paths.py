"""Where the page lives. Everything that belongs to it lies below."""

BASE_PATH = "/admin/metrics/"
