"""The application: page, API and background work on one Flask server.

``create_app()`` builds and starts nothing: no thread, no connection. ``python app.py`` is
``python -m metrics_dash run``. ``app:server`` is there for WSGI servers and is built when it is first looked up.
"""

import json
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import dash
from flask import Flask, after_this_request, get_flashed_messages, redirect, request
from flask_caching import Cache
from flask_compress import Compress
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

import callbacks
import routes
from callbacks import first, management
from db.engine import Database
from db.identity import Installation
from db.migrate import migrate
from layouts import shell
from layouts.begin import first_script_hash
from layouts.brand import Brand
from layouts.first import FirstPages, SketchedTab
from layouts.pages import frame
from metrics_dash.auth import overview
from metrics_dash.catalog import Catalog, load_catalog
from metrics_dash.charts.queries import Queries
from metrics_dash.charts.redis_cache import namespace
from metrics_dash.demo.status import demo_active
from metrics_dash.ops import pipeline
from metrics_dash.ops.build import page_version
from metrics_dash.runtime import Runtime
from metrics_dash.settings import Settings, load_settings
from metrics_dash.web import callback_guard, client, cookies, gate
from metrics_dash.web.address import read_state
from metrics_dash.web.context import Context
from metrics_dash.web.health import problems, warnings
from metrics_dash.web.identity import Identities, recorder
from metrics_dash.web.install import install as install_routes
from metrics_dash.web.paths import BASE_PATH, MANAGEMENT_BASE, MANAGEMENT_PATHS, PIPELINE_PATH
from metrics_dash.web.sight import catalog_for
from metrics_dash.web.version import install as install_version
from metrics_dash.web.within import Within
from routes import link, login, logo, oidc, unknown
from routes import management as management_forms
from routes import problems as problem_pages
from routes.bundles import UNUSED, BundledDash, keep_compressed

ASSETS = Path(__file__).with_name("assets")
# The one script of the management pages, which the dashboard has no use for, and the one that stands in every page.
ADMIN_SCRIPT, INLINE_SCRIPT = r"age\.js", r"begin\.js"
_starting, _started = threading.Lock(), threading.Event()
META = [
    {"name": "viewport", "content": "width=device-width, initial-scale=1"},
    {"name": "color-scheme", "content": "light dark"},
]
_ONE_YEAR = timedelta(days=365)


def create_app(
    settings: Settings | None = None, *, database: Database | None = None, runtime: Runtime | None = None
) -> dash.Dash:
    """Return the Dash application; its Flask server has every route. Starts nothing: ``runtime.start()`` does.

    ``settings``: read from the environment by default. ``database`` and ``runtime``: made from the settings by default;
    the runtime is found again as ``app.server.extensions["metrics_runtime"]``.
    """
    settings = settings or load_settings()
    database = database or Database(settings.url(), data_dir=settings.data_dir, read_url=settings.read_url())
    runtime = runtime or Runtime(settings, database)
    catalog = load_catalog(settings.catalog)
    server = _server(runtime, database, settings)
    version = page_version(catalog.fingerprint(), json.dumps(shell.page_data(catalog, settings)))
    queries = Queries(database, catalog, settings, _cache(server, settings, database, version))
    identities = Identities(settings, database) if settings.auth else None
    app = _dash(server, Brand.of(settings).title_markup)
    app.index_string = shell.index_string(catalog, settings, version)
    app.layout = shell.drawn(catalog, settings)
    if identities is not None:
        _show_each_their_own(app, catalog, settings, version)
    app.enable_dev_tools(debug=False)
    context = Context(
        catalog,
        settings,
        queries,
        clock=partial(datetime.now, UTC),
        demo=lambda: queries.cache.get(
            f"demo|{queries.now().timestamp()}", lambda: demo_active(database), lambda found: isinstance(found, bool)
        ),
        version=version,
        problems=lambda: runtime.health().problems if runtime.running else (),
        warnings=lambda: warnings(database),
        viewer=gate.principal,
        record=recorder(identities),
        saw=lambda wall: runtime.collector.tally.saw(client.identity(), wall=wall),
    )
    waiting: Within[SketchedTab] = Within(first.WITHIN_SECONDS, first.AT_ONCE)
    app.first_for = partial(_first_page, context, FirstPages(settings), waiting, login=identities is not None)
    callbacks.register(app, context)
    callback_guard.install(server, callback_guard.CallbackGuard(app.callback_map, callbacks.INPUTS))
    routes.register(server, context)
    problem_pages.register(server, version, Brand.of(settings))
    login.register(server, identities, version)
    oidc.register(server, identities, version)
    link.register(server, identities, catalog, version)
    management_forms.register(server, identities, catalog, version)
    logo.register(server, settings.logo)
    look = pipeline.overview(queries, database, settings)
    _manage(server, database, catalog, look, identities, settings)
    unknown.register(app)
    install_routes(
        server,
        runtime=runtime,
        queries=queries,
        database=database,
        settings=settings,
        catalog=catalog,
        build=version,
        identities=identities,
        script_hashes=lambda: [first_script_hash()],
    )
    install_version(server, version, lambda: problems(database, runtime))
    return app


def _show_each_their_own(app: BundledDash, catalog: Catalog, settings: Settings, version: str) -> None:
    """Make the page anew for each request, of what its viewer may see."""

    def layout() -> Any:
        return shell.drawn(catalog_for(gate.principal(), catalog), settings)

    app.layout = layout
    app.index_for = lambda: shell.index_string(catalog_for(gate.principal(), catalog), settings, version)


def _csrf() -> str | None:
    """Return what the form by which a person signs out carries; None for who came in another way."""
    return generate_csrf() if cookies.read(cookies.SESSION) else None


def _unkept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _first_page(context: Context, pages: FirstPages, within: Within[SketchedTab], entry: str, *, login: bool) -> str:
    """Return the page around Dash's ``entry``, of what its viewer may see; nobody keeps it, so that no ``Vary`` has to
    say which headers it depends on."""
    after_this_request(_unkept)
    search, viewer = request.query_string.decode(errors="replace"), context.viewer()
    look = first.hinted(first.read_look(request.cookies.get(first.COOKIE)), request.headers.get)
    catalog = catalog_for(viewer, context.catalog)
    sketched = within.get(partial(first.sketched_tab, search, look, viewer, context))
    state = read_state(search, catalog)
    csrf = _csrf() if login else None
    return pages.page(
        catalog, catalog.tab(state.tab), viewer, csrf, first.current(state), sketched, entry, state.filter
    )


def _notices() -> list[tuple[str, str]]:
    """Return what became of the last form, kind and words, once."""
    told: Any = get_flashed_messages(with_categories=True)
    return list(told)


def _manage(
    server: Flask,
    database: Database,
    catalog: Catalog,
    look: Callable[[], pipeline.Pipeline],
    identities: Identities | None,
    settings: Settings,
) -> None:
    """Add the pages of management, an application of their own beside the dashboard; without a login the pipeline."""
    shared: Any = server
    brand = Brand.of(settings)
    app = BundledDash(
        "metrics_dash.management",
        server=shared,
        url_base_pathname=MANAGEMENT_BASE,
        assets_folder=str(ASSETS),
        assets_ignore=rf"^(?!{ADMIN_SCRIPT}$).*\.js$",
        late=(),
        serve_locally=True,
        title=f"Admin · {brand.title_markup}",
        update_title="",
        suppress_callback_exceptions=True,
        meta_tags=META,
        enable_mcp=False,
    )
    app.index_string = frame.index_string(brand)
    app.layout = frame.page()
    app.enable_dev_tools(debug=False)
    pages = management.Management(
        viewer=gate.principal,
        csrf=generate_csrf if identities is not None else str,
        notices=_notices if identities is not None else list,
        clock=partial(datetime.now, UTC),
        catalog=catalog,
        people=partial(overview.people, database),
        programs=partial(overview.programs, database),
        links_and_walls=partial(overview.links_and_walls, database),
        log=partial(overview.log, database),
        pipeline=look,
        interval=settings.refresh_interval,
        brand=brand,
    )
    management.register(app, pages)
    guard = callback_guard.CallbackGuard(app.callback_map, management.INPUTS)
    callback_guard.install(server, guard, f"{MANAGEMENT_BASE}_dash-update-component")
    unknown.register(app, MANAGEMENT_BASE)
    paths = MANAGEMENT_PATHS if identities is not None else (PIPELINE_PATH,)
    server.view_functions[MANAGEMENT_BASE] = lambda: redirect(paths[0], 303)
    for path in paths:
        server.add_url_rule(path, f"page {path}", app.index, methods=["GET"])


def start_runtime() -> None:
    """Bring the schema up to date and start the collector and the scheduler behind ``app:server``; once per process."""
    server: Flask = sys.modules[__name__].server
    with _starting:
        if not _started.is_set():
            if not server.extensions["metrics_settings"].only_reads:
                migrate(server.extensions["metrics_database"])
            server.extensions["metrics_runtime"].start()
            _started.set()


def stop_runtime() -> None:
    """Store what ``app:server``'s collector still holds, stop it and leave the database, as far as any was started."""
    server: Flask | None = globals().get("server")
    if server is None:
        return
    if _started.is_set():
        server.extensions["metrics_runtime"].stop()
    server.extensions["metrics_database"].close()


def _server(runtime: Runtime, database: Database, settings: Settings) -> Flask:
    server = Flask("metrics_dash", static_folder=None)
    server.extensions["metrics_runtime"] = runtime
    server.extensions["metrics_database"] = database
    server.extensions["metrics_settings"] = settings
    # Dash adds a file's time of change to its address, so what was fetched once stays good.
    server.config["SEND_FILE_MAX_AGE_DEFAULT"] = _ONE_YEAR
    server.config["COMPRESS_ALGORITHM"] = ["zstd", "br", "gzip"]
    server.config["COMPRESS_ALGORITHM_STREAMING"] = ["zstd", "br", "gzip"]
    keep_compressed(server)
    Compress(server)

    @server.get("/")
    def to_the_page() -> Response:
        return redirect(BASE_PATH)

    return server


def _cache(server: Flask, settings: Settings, database: Database, version: str) -> Cache:
    if settings.redis_url is None:
        return Cache(server, config={"CACHE_TYPE": "SimpleCache", "CACHE_THRESHOLD": 256})
    return Cache(
        server,
        config={
            "CACHE_TYPE": "metrics_dash.charts.redis_cache.RecordCache",
            "CACHE_REDIS_URL": settings.redis_url.get_secret_value(),
            "CACHE_NAMESPACE": namespace(Installation(database).word, version),
        },
    )


def _dash(server: Flask, title: str) -> BundledDash:
    shared: Any = server
    return BundledDash(
        "metrics_dash",
        server=shared,
        url_base_pathname=BASE_PATH,
        assets_folder=str(ASSETS),
        assets_ignore=f"^({ADMIN_SCRIPT}|{INLINE_SCRIPT})$",
        # Fields are HTML of the page; Dash builds none there. Browsers that read our scripts need no polyfill, but for
        # what Dash uses of it besides, which is in assets/vendor.
        unused=(*UNUSED, "/dash_bootstrap_components/", "/polyfill@"),
        serve_locally=True,
        title=title,
        update_title="",
        # Cards come and go with their tab, so what a callback names need not stand on the first page.
        suppress_callback_exceptions=True,
        meta_tags=META,
        enable_mcp=False,
    )


def __getattr__(name: str) -> Any:
    if name != "server":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    server: Flask = create_app().server
    # After the gate's first look at the client, before it asks the database who that is.
    server.before_request_funcs.setdefault(None, []).insert(1, start_runtime)
    return globals().setdefault("server", server)


if __name__ == "__main__":
    from metrics_dash.cli import main

    main(["run"])
