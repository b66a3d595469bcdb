"""The server: one study, on the loopback address only, for whoever has its secret address."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from mgskel.analyze import AnalyzeSettings
from mgskel.core.errors import InputError, MgskelError
from mgskel.core.storage.files import sweep_leftovers
from mgskel.core.storage.intake import number_of, parse_json
from mgskel.core.storage.stages import working_in
from mgskel.report.frame import embeddable
from mgskel.review import uploads
from mgskel.review.footage import PLAYABLE, picture
from mgskel.review.guard import Guard, new_secret
from mgskel.review.jobs import CANCELLED, Queue
from mgskel.review.pages import clip_page, page_files, study_page
from mgskel.review.review_export import MACHINE, agree, export
from mgskel.review.shelf import NotFound, Shelf, review_for_page
from mgskel.study.reviews import Outdated, coder_name, save_review
from mgskel.study.tables import TABLES

HOST = "127.0.0.1"
FILES = "files"
_SERVED = {".html", ".csv", ".eaf", ".boris", ".md", ".svg", ".parquet", ".json", ".mp4"}
_LARGEST_MESSAGE = 8 << 20


@dataclass(frozen=True)
class ReviewSettings:
    """How a study is reviewed."""

    # coder, blind: who reviews, and whether without the machine's events
    coder: str = "me"
    blind: bool = False
    upload_bytes: int = 16 << 30  # the largest clip that may be dropped on the page
    # how clips are analysed that come in
    analyze: AnalyzeSettings = field(default_factory=AnalyzeSettings)


class App:
    """The answers, one method a door."""

    def __init__(self, study: Path, settings: ReviewSettings) -> None:
        self.study, self.settings = study, settings
        self.shelf, self.page_files = Shelf(study), page_files()
        if any(study.iterdir()):
            with suppress(InputError), working_in(study):  # unless another run is writing there
                sweep_leftovers(study)
        self.queue = Queue(study, settings.analyze)
        with suppress(MgskelError):  # every clip is read once, before anybody waits for it
            self.shelf.overview(settings.coder, settings.blind)
        known = self.shelf.about().sources
        sources = {Path(known.get(name, "")) for name in self.shelf.clips()}
        for path in uploads.uploaded(study):
            if path.resolve() not in sources:
                self.queue.add(path, CANCELLED)  # left over from a session that ended early

    def routes(self) -> list[Route]:
        pages = {"/": HTMLResponse(study_page()), "/clip": HTMLResponse(clip_page())}
        doors: list[tuple[str, str, Callable[[Request], Any]]] = [
            *(("GET", path, lambda request, page=page: page) for path, page in pages.items()),
            ("GET", "/page/{name}", self.page_file),
            ("GET", "/api/study", self.overview),
            ("GET", "/api/recording", self.recording),
            ("GET", "/api/labels", lambda request: JSONResponse(self.shelf.labels())),
            ("GET", "/api/review", self.review),
            ("PUT", "/api/review", self.save),
            ("GET", "/api/queue", lambda request: JSONResponse(self.queue.to_list())),
            ("POST", "/api/queue", self.direct),
            ("POST", "/api/upload", self.upload),
            ("POST", "/api/export", self.export),
            ("POST", "/api/agreement", self.agreement),
            ("GET", "/video", self.video),
            ("GET", "/picture", self.picture),
            ("GET", f"/{FILES}/{{path:path}}", self.file),
        ]
        return [Route(path, answer, methods=[method]) for method, path, answer in doors]

    def page_file(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.page_files:
            raise NotFound("no such part of the page", found=name)
        return FileResponse(self.page_files[name])

    def overview(self, request: Request) -> Response:
        coder, blind = self._coder(request)
        return JSONResponse(self.shelf.overview(coder, blind))

    def recording(self, request: Request) -> Response:
        content = self.shelf.recording(request.query_params.get("clip", ""))
        return Response(content, media_type="application/json")

    def review(self, request: Request) -> Response:
        coder, blind = self._coder(request)
        review = self.shelf.review(request.query_params.get("clip", ""), coder, blind)
        return JSONResponse(review_for_page(review))

    async def save(self, request: Request) -> Response:
        told = await _message(request)
        coder, _ = self._coder(request)
        clip = request.query_params.get("clip", "")
        try:
            review = await run_in_threadpool(self._save, clip, coder, told)
        except Outdated as outdated:
            return JSONResponse(review_for_page(outdated.current), status_code=409)
        return JSONResponse({"revision": review.revision, "saved": review.saved})

    def _save(self, clip: str, coder: str, told: Mapping[str, Any]) -> Any:
        folder = self.shelf.clip(clip).folder
        try:
            return save_review(folder, self.shelf.changed(clip, coder, told))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError("not a review", found=f"{type(error).__name__}: {error}") from error

    async def direct(self, request: Request) -> Response:
        told = await _message(request)
        acts = {"cancel": self.queue.cancel, "retry": self.queue.retry}
        act = acts.get(str(told.get("act")))
        if act is None or not isinstance(told.get("number"), int):
            raise InputError("not an order to the queue", expected="cancel or retry, and a number")
        act(told["number"])
        return JSONResponse(self.queue.to_list())

    async def upload(self, request: Request) -> Response:
        most = self.settings.upload_bytes
        announced = number_of(request.headers.get("content-length", ""))
        if announced is not None and announced > most:
            raise InputError("the clip is too large", expected=f"at most {most / 1e9:.3g} GB")
        name = request.query_params.get("name", "")
        path = await uploads.receive(self.study, name, request.stream(), most)
        return JSONResponse(self.queue.add(path.resolve()).to_dict())

    def export(self, request: Request) -> Response:
        coders = export(self.study)
        names = ["index.html", *(f"{name}.csv" for name in TABLES), "methods.md", *coders]
        return JSONResponse({"files": names})

    async def agreement(self, request: Request) -> Response:
        names = (await _message(request)).get("coders")
        if not isinstance(names, list) or len(names) < 2:
            raise InputError("agreement needs two coders or more")
        chosen = [MACHINE if name == MACHINE else coder_name(str(name)) for name in names]
        result = await run_in_threadpool(agree, self.study, chosen)
        return Response(embeddable(result.to_dict()), media_type="application/json")

    def video(self, request: Request) -> Response:
        path = self._footage(request)
        if path.suffix.lower() not in PLAYABLE:
            raise NotFound("a browser cannot play this clip's video")
        return FileResponse(path, media_type=PLAYABLE[path.suffix.lower()])

    def picture(self, request: Request) -> Response:
        try:
            time_s = float(request.query_params.get("t", ""))
        except ValueError:
            raise InputError("not a moment of a recording") from None
        return Response(picture(self._footage(request), time_s), media_type="image/jpeg")

    def _footage(self, request: Request) -> Path:
        path = self.shelf.footage(request.query_params.get("clip", ""))
        if path is None:
            raise NotFound("this clip's video is not there")
        return path

    def file(self, request: Request) -> Response:
        wanted = Path(request.path_params["path"])
        path = (self.study / wanted).resolve()
        inside = path.is_relative_to(self.study.resolve())
        hidden = any(part.startswith(".") for part in wanted.parts)
        if not inside or hidden or path.suffix.lower() not in _SERVED or not path.is_file():
            raise NotFound("no such file in the study", found=str(wanted))
        return FileResponse(path)

    def _coder(self, request: Request) -> tuple[str, bool]:
        name = request.query_params.get("coder")
        if name is None:
            return self.settings.coder, self.settings.blind
        return coder_name(name), request.query_params.get("blind") == "1"


async def _message(request: Request) -> Mapping[str, Any]:
    """A request's JSON object, if it is one of reasonable size."""
    content = b"".join([part async for part in _limited(request)])
    tree = parse_json(content, "the page", "a message")
    if not isinstance(tree, dict):
        raise InputError("not a message of the page", expected="a JSON object")
    return tree


async def _limited(request: Request) -> AsyncIterator[bytes]:
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > _LARGEST_MESSAGE:
            raise InputError("the message is too long")
        yield part


def _refusal(request: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotFound) else 400
    said = f"{error.strerror}: {error.filename}" if isinstance(error, OSError) else str(error)
    return JSONResponse({"error": said}, status_code=status)


def create_app(study: Path, settings: ReviewSettings, secret: str) -> tuple[Guard, Queue]:
    """The whole as an ASGI application, and its queue."""
    study.mkdir(parents=True, exist_ok=True)
    app = App(study.resolve(), settings)
    refusing: dict[Any, Callable[[Request, Exception], Response | Awaitable[Response]]] = {
        MgskelError: _refusal,
        OSError: _refusal,
    }
    inner = Starlette(
        routes=[Mount(f"/{secret}", routes=app.routes())], exception_handlers=refusing
    )
    return Guard(inner, secret, FILES), app.queue


class Server:
    """A study's app on a port of this machine; it answers from the moment it runs.

    Args:
        port: 0 for any free one.
        clips: to be analysed first, where they lie.
    """

    def __init__(
        self, study: Path, settings: ReviewSettings, port: int, clips: Sequence[Path] = ()
    ) -> None:
        try:
            self._line = socket.create_server((HOST, port))
        except OSError as error:
            raise InputError(
                f"port {port} cannot be used: {error.strerror}", remedy="choose another --port"
            ) from error
        secret = new_secret()
        self.study = study
        self.address = f"http://{HOST}:{self._line.getsockname()[1]}/{secret}/"
        app, self._queue = create_app(study, settings, secret)
        for clip in clips:
            self._queue.add(clip.resolve())
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)

    def run(self) -> None:
        """Answer until stopped or interrupted."""
        try:
            with suppress(KeyboardInterrupt):
                self._server.run(sockets=[self._line])
        finally:
            self._queue.close()

    def stop(self) -> None:
        self._server.should_exit = True
        self._queue.close()
