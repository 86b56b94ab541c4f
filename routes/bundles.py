"""The page's many scripts and styles as a few files: a browser asks for a dozen files and not for eighty.

Dash names every file in a tag of its own. Here the tags' files are put together in their order (assets first by
``FIRST``, then by name, as Dash does), and what the page never uses is left out. A file is named after its content, so
whoever has it keeps it; it is compressed once.

Scripts are the page, then what the first screen does without (``LATE``: Plotly, and what is done to a chart that is
drawn); each in files of bounded size, because a browser runs a file in one go and answers nobody meanwhile. Their tags
are no scripts for the browser: layouts/shell.py has it fetch them when the page is painted.

This is own code because Dash knows its tags only when it is asked for the page, and a bundler (esbuild, webpack) would
make Node part of every installation.
"""

import hashlib
import pkgutil
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dash
from dash.fingerprint import check_fingerprint
from flask import Flask, Request, Response, abort

# Chunks of dash-core-components are looked for beside the script that asks for them, so the bundles lie there too.
FOLDER = "_dash-component-suites/dash/dcc/"
# Dash refuses to send a page in which no script is named after its renderer.
NAME = "with-dash-renderer"
# Folders of assets that the first screen does without. They are a bundle of their own.
LATE = ("vendor/", "chart/", "share/", "wall/")
# What every board draws with, and what Dash would fetch only once the first chart is there.
FETCHED_LATE = (("dash", "dcc/async-graph.js"),)
UNUSED = ("/dash_table/",)
# Folders of assets that all others build on, in the order in which they are read.
FIRST = ("vendor/", "lib/")

# How large a script may become by putting files together. One that runs for half a second on a phone is several.
PART_BYTES = 100_000
# A browser that knows this compiles all of a script while it is fetched, beside the page, and not each function in the
# page's way when it is first called. Nearly all of them are, at the start; of a library of components a few.
COMPILED_AHEAD = b"//# allFunctionsCalledOnLoad"
LIBRARIES = ("/dash/html/", "/dash_core_components-shared.")

_TAG = re.compile(r'<(?:script src|link rel="stylesheet" href)="([^"]+)">(?:</script>)?')
_NAME_BYTES = 8
_HEADERS = {"Cache-Control": "public, max-age=31536000, immutable"}
_KINDS = {"js": "text/javascript", "css": "text/css"}


class BundledDash(dash.Dash):
    """Dash, but for how its page names scripts and styles. Bundles are made when the page is first asked for.

    ``late``: files of packages that are asked for at once, too. ``unused``: what of an address tells a script of which
    the page has no need.
    """

    def __init__(
        self,
        *arguments: Any,
        late: Sequence[tuple[str, str]] = FETCHED_LATE,
        unused: Sequence[str] = UNUSED,
        **options: Any,
    ) -> None:
        self._late = late
        self._unused = unused
        self._bundles: dict[str, bytes] = {}
        self._replaced: dict[str, str] = {}
        self.index_for: Callable[[], str] | None = None
        self.first_for: Callable[[str], str] | None = None
        super().__init__(*arguments, **options)
        self.server.add_url_rule(f"{self._base}{FOLDER}{NAME}.<digest>.<kind>", f"bundle {self._base}", self._serve)

    @property
    def index_string(self) -> str:
        """The HTML that Dash fills in: what ``index_for`` says for the present request, where that is set."""
        return self.index_for() if self.index_for is not None else self._index_string

    @index_string.setter
    def index_string(self, value: str) -> None:
        self._index_string = value

    @property
    def _base(self) -> str:
        return str(self.config.requests_pathname_prefix)

    def interpolate_index(self, *_: Any, css: str = "", scripts: str = "", app_entry: str = "", **parts: Any) -> str:
        """Return the page's HTML with one tag for all styles and one for each bundle of scripts; where ``first_for`` is
        set, Dash's own entry stands within what that makes of it."""
        untyped: Any = super()
        parts["app_entry"] = self.first_for(app_entry) if self.first_for is not None else app_entry
        html = untyped.interpolate_index(css=self._bundled(css, "css"), scripts=self._bundled(scripts, "js"), **parts)
        return str(html)

    def _bundled(self, tags: str, kind: str) -> str:
        if tags not in self._replaced:
            self._replaced = {**self._replaced, tags: self._bundle(tags, kind)}
        return self._replaced[tags]

    def _bundle(self, tags: str, kind: str) -> str:
        found = [address for address in _TAG.findall(tags) if not any(part in address for part in self._unused)]
        addresses = self._in_order(found)
        rest = _TAG.sub("", tags).strip()
        if kind == "css":
            address = self._keep(b"\n".join(map(self._read, addresses)), kind)
            return f'<link rel="stylesheet" href="{address}">\n{rest}'.strip()
        late = [address for address in addresses if self._asset(address).startswith(LATE)]
        first = [self._script(address) for address in addresses if address not in late]
        last = [*map(self._script, late), *((_packaged(package, path), True) for package, path in self._late)]
        bundles = [*_in_parts([*first, (str(self.renderer).encode(), True)]), *_in_parts(last)]
        made = [self._keep(b"\n;\n".join(parts), kind) for parts in bundles]
        return "\n".join(
            [*(f'<script type="text/plain" src="{address}" data-late></script>' for address in made), rest]
        )

    def _script(self, address: str) -> tuple[bytes, bool]:
        """Return a script, and whether it is to be compiled ahead."""
        return self._read(address), not any(part in address for part in LIBRARIES)

    def _keep(self, content: bytes, kind: str) -> str:
        """Return the address at which a bundle is served from now on."""
        digest = hashlib.blake2b(content, digest_size=_NAME_BYTES).hexdigest()
        self._bundles[f"{digest}.{kind}"] = content
        return f"{self._base}{FOLDER}{NAME}.{digest}.{kind}"

    def _generate_renderer(self) -> str:
        """Return Dash's last tag without its script, which stands at the end of a bundle."""
        return '<script id="_dash-renderer" type="text/plain"></script>'

    def _in_order(self, addresses: Sequence[str]) -> list[str]:
        """Sort the assets by ``FIRST``; everything else keeps its place."""
        assets = [address for address in addresses if self._asset(address)]
        ordered = iter(sorted(assets, key=lambda address: _rank(self._asset(address))))
        return [next(ordered) if self._asset(address) else address for address in addresses]

    def _path(self, address: str) -> str:
        return unquote(urlsplit(address).path.removeprefix(self._base))

    def _asset(self, address: str) -> str:
        """Return the path of an asset inside its folder, and nothing for files of packages."""
        folder, _, rest = self._path(address).partition("/")
        return rest if folder == self.config.assets_url_path else ""

    def _read(self, address: str) -> bytes:
        """Return the file that one of Dash's addresses stands for. Raises ``OSError`` where it is gone."""
        if asset := self._asset(address):
            return Path(self.config.assets_folder, asset).read_bytes()
        rest = self._path(address).partition("/")[2]
        package, _, inside = rest.partition("/")
        without_fingerprint: Any = check_fingerprint
        return _packaged(package, without_fingerprint(inside)[0])

    def _serve(self, digest: str, kind: str) -> Response:
        name = f"{digest}.{kind}"
        if name not in self._bundles:
            # Another process of the same server made the page that names it.
            untyped: Any = self
            self._bundled(untyped._generate_css_dist_html(), "css")
            self._bundled(untyped._generate_scripts_html(), "js")
        if name not in self._bundles:
            abort(404)
        return Response(self._bundles[name], headers=_HEADERS, mimetype=_KINDS[kind])


def _in_parts(files: Sequence[tuple[bytes, bool]]) -> list[list[bytes]]:
    """Return files in their order as scripts that stay below ``PART_BYTES``; a larger file is one by itself. Each comes
    with whether it is to be compiled ahead."""
    parts: list[list[bytes]] = []
    room, present = 0, None
    for content, ahead in files:
        if len(content) > room or ahead != present:
            parts.append([COMPILED_AHEAD] if ahead else [])
            room, present = PART_BYTES, ahead
        parts[-1].append(content)
        room -= len(content)
    return parts


def _rank(asset: str) -> int:
    return next((place for place, folder in enumerate(FIRST) if asset.startswith(folder)), len(FIRST))


def _packaged(package: str, path: str) -> bytes:
    content = pkgutil.get_data(package, path)
    if content is None:
        raise FileNotFoundError(f"{package} has no {path}")
    return content


class CompressedBundles:
    """Bundles as flask-compress made them, by encoding and path; of other answers nothing is kept."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._kept.get(key)

    def set(self, key: str, content: bytes) -> None:
        if FOLDER in key:
            self._kept[key] = content


def keep_compressed(server: Flask) -> None:
    """Let flask-compress keep what it makes of the bundles. To be called before it is installed."""
    server.config["COMPRESS_CACHE_BACKEND"] = CompressedBundles
    server.config["COMPRESS_CACHE_KEY"] = _key


def _key(request: Request) -> str:
    return request.path
