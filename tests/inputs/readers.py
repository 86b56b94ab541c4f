"""The doors that are no HTTP: settings, durations and catalogs, read as the commands read them."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from metrics_dash.catalog import CatalogError, load_catalog
from metrics_dash.settings import SettingsError, load_settings
from tests.inputs.cases import Case


def read_settings(case: Case) -> dict[str, Any]:
    """Read an environment; its problem, or what was asked of the settings as text."""
    try:
        settings = load_settings(case["environment"])
    except SettingsError as error:
        return {"error": str(error)}
    shown = {name: str(getattr(settings, name)) for name in settings.environment_names() if name in _asked(case)}
    return {"ok": shown}


def _asked(case: Case) -> set[str]:
    """The fields that an environment sets."""
    return {key.removeprefix("METRICS_").lower() for key in case["environment"]}


def read_catalog(case: Case) -> dict[str, Any]:
    """Read a catalog's text, of ``toml`` or ``repeat`` ([head, text, times, tail]); its problem, or its tabs."""
    head, text, times, tail = case.get("repeat", ["", case.get("toml", ""), 1, ""])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "catalog.toml"
        path.write_bytes((str(head) + str(text) * int(times) + str(tail)).encode("utf-8", "surrogateescape"))
        try:
            catalog = load_catalog(path)
        except CatalogError as error:
            return {"error": str(error).replace(folder, "…")}
    return {"ok": {"tabs": [tab.id for tab in catalog.tabs]}}


READERS: dict[str, Callable[[Case], dict[str, Any]]] = {"settings": read_settings, "catalog": read_catalog}
