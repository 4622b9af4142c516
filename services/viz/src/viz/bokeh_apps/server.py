"""The Bokeh server as part of another process: a thread with an event loop of its own.

A session's callbacks run in Python on this loop; on the loop of the Dash pages they would hold up every page.
"""

import asyncio
import html
import sys
import threading
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import structlog
from bokeh.document import Document
from bokeh.server.server import BaseServer
from bokeh.server.tornado import BokehTornado
from bokeh.server.util import bind_sockets
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.ioloop import IOLoop
from tornado.web import OutputTransform, RequestHandler, StaticFileHandler

from servicekit.connections import Bounds, file_limit
from servicekit.doors.guard import Doors
from servicekit.security import PLAIN_HEADERS, content_policy
from viz.bokeh_apps.doors import GuardedServer
from viz.bokeh_apps.histogram import HistogramApp
from viz.bokeh_apps.page import asked_language, dash_address, open_page, page_head, page_header
from viz.bokeh_apps.training import PlaybackApp
from viz.language import N_, _, speaking, spoken
from viz.negotiation import COOKIE, kept_as, stated
from viz.pages.frame import BOKEH_PAGES
from viz.scores import Scores
from viz.settings import Settings
from viz.view import View

__all__ = ["BokehServer"]

_CONNECTIONS: Final = 512
"""At most, and an eighth of all files: the Dash pages beside it hold the half, and each takes a backlog of them at once."""
_ASSETS: Final = Path(__file__).parents[1] / "assets"
_WORDS: Final = {
    "histogram": N_("Similarity of every pair of fragments of a run, with bins of the width you choose; brush to list pairs."),
    "training": N_("The fragments on their way from the random start to the optimum, step by step, with trails."),
}
# Bokeh starts its pages by an inline script and compiles WebGL drawing commands.
_POLICY: Final = content_policy("'unsafe-inline' 'unsafe-eval'")
_log = structlog.stdlib.get_logger(__name__)


class BokehServer:
    """Binds its port when made, serves while entered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        try:
            self._sockets, self.port = bind_sockets(settings.viz_host, settings.bokeh_port)
        except OSError as error:
            sys.exit(
                f"{settings.viz_host}:{settings.bokeh_port} cannot be used for the Bokeh pages: "
                f"{(error.strerror or str(error)).lower()}; free it or choose another port with VIZ_BOKEH_PORT."
            )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._started = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="bokeh", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            raise RuntimeError("the Bokeh server did not start") from self._failure
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout=5.0)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to the thread that enters
            self._failure = error
            _log.exception("bokeh_server_failed")
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with Scores(self._settings.scores_url, key=self._settings.api_key) as scores:
            tornado = _application(self._settings, scores)
            doors = Doors(self._settings, self._settings.viz_host)
            http = GuardedServer(tornado, doors, Bounds(connections=min(_CONNECTIONS, file_limit() // 8)))
            http.add_sockets(self._sockets)
            server = BaseServer(IOLoop.current(), tornado, http)
            server.start()
            _log.info("bokeh_server_started", port=self.port, origins=list(self._settings.websocket_origins))
            self._started.set()
            await self._stop.wait()
            server.stop()
            await http.close_all_connections()


def _application(settings: Settings, scores: Scores) -> BokehTornado:
    apps: dict[str, Callable[[Document], None]] = {
        f"/{app.path}": partial(open_page, app=app, settings=settings, scores=scores) for app in (HistogramApp(), PlaybackApp())
    }
    tornado = BokehTornado(
        apps,
        extra_websocket_origins=settings.websocket_origins,
        extra_patterns=[
            (r"/", _Index, {"settings": settings}),
            (r"/healthz", _Health),
            (r"/assets/(.*)", StaticFileHandler, {"path": str(_ASSETS)}),
        ],
        use_index=False,
        include_headers=["Host", "Accept-Language"],
        include_cookies=[COOKIE],
        ico_path="none",
    )
    tornado.transforms.append(_Headers)
    return tornado


class _Headers(OutputTransform):
    """Adds the security headers to every answer and its language to every page, and keeps the one that an address asks for."""

    def __init__(self, request: HTTPServerRequest) -> None:
        """Tornado makes one for each request."""
        self._asked = stated(request.query)
        self._language = asked_language(request)

    def transform_first_chunk(
        self,
        status_code: int,
        headers: HTTPHeaders,
        chunk: bytes,
        finishing: bool,  # noqa: ARG002, FBT001 - Tornado's signature
    ) -> tuple[int, HTTPHeaders, bytes]:
        """Extend the headers; the body stays."""
        for name, value in {**PLAIN_HEADERS, "Content-Security-Policy": _POLICY}.items():
            headers[name] = value
        if status_code == HTTPStatus.OK and headers.get("Content-Type", "").startswith("text/html"):  # a page of ours
            headers["Content-Language"] = self._language
            headers["Vary"] = "Cookie, Accept-Language"
        if self._asked is not None:
            headers.add("Set-Cookie", kept_as(self._asked))
        if "Server" in headers:
            del headers["Server"]
        return status_code, headers, chunk


class _Health(RequestHandler):
    """`/healthz`: the server answers."""

    def get(self) -> None:
        self.write({"service": "ntdemo viz (Bokeh)", "version": version("ntdemo-viz")})


class _Index(RequestHandler):
    """`/`: what there is to see."""

    def initialize(self, settings: Settings) -> None:
        self._settings = settings

    def get(self) -> None:
        with speaking(asked_language(self.request)):
            self.write(self._page())

    def _page(self) -> str:
        dash_url = dash_address(self._settings, self.request.host)
        items = "".join(
            f'<section class="card"><h2><a href="/{app}">{_(label)}</a></h2><p>{html.escape(_(_WORDS[app]))}</p></section>'
            for app, label in BOKEH_PAGES.items()
        )
        heading = _("Bokeh pages")
        body = (
            f'<div class="frame">{page_header(None, View(), dash_url)}<main id="content" class="page" tabindex="-1">'
            f"<h1>{heading}</h1>{items}</main></div>"
        )
        head = f'<html lang="{spoken()}"><head><title>ntdemo</title>{page_head()}</head>'
        return f"<!DOCTYPE html>{head}<body>{body}</body></html>"
