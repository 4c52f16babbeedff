"""Serve a page on this machine alone, on which a person gives the labels that a run waits for."""

import base64
import json
import secrets
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from stride.runs.files.png import png
from stride_cli.output import tell

if TYPE_CHECKING:
    from stride.active.labels.rendering import Rendered
    from stride.trainers.active.label_session import LabelSession

HERE = "127.0.0.1"
LONGEST = 65536  # bytes of what the page posts
PATIENCE = 10.0  # seconds that a browser may take for a request
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def serve(labelling: "LabelSession", by: str) -> None:
    """Serve the page until every label is there, or Ctrl-C; print its address first."""
    if not labelling.missing():
        return
    with Page(labelling, by) as page:
        tell(f"label on this page: {page.address}")
        tell("it ends with the last label; Ctrl-C ends it before")
        page.serve_forever(poll_interval=0.1)


class Page(ThreadingHTTPServer):
    """The server of one page; a secret word in the address keeps other pages and users out."""

    daemon_threads = True

    def __init__(self, labelling: "LabelSession", by: str) -> None:
        """Take a free port."""
        self.labelling, self.by = labelling, by
        self.given: list[int] = []
        self.lock = threading.Lock()  # browsers ask for several things at once
        self.secret = secrets.token_urlsafe(16)
        super().__init__((HERE, 0), Answer)

    @property
    def address(self) -> str:
        """Return the address of the page."""
        return f"http://{HERE}:{self.server_port}/{self.secret}/"

    @property
    def hosts(self) -> tuple[str, str]:
        """Return by which names a browser may have reached the page."""
        return f"{HERE}:{self.server_port}", f"localhost:{self.server_port}"

    def state(self) -> dict[str, Any]:
        """Return the query, what is missing of it, and how classes are called."""
        labelling = self.labelling
        missing = [asked.id for asked in labelling.missing()]
        return {
            "run": labelling.paths.name,
            "round": labelling.query[0].round,
            "kind": labelling.kind,
            "classes": labelling.classes,
            "scores": {asked.id: asked.score for asked in labelling.query},
            "total": len(labelling.query),
            "missing": missing,
            "undo": bool(self.given),
        }

    def give(self, sample: int, text: str) -> dict[str, Any]:
        """Keep a label; return it with the state after that."""
        label = self.labelling.give(sample, text, by=self.by)
        self.given.append(sample)
        return {"id": sample, "label": label, **self.state()}

    def undo(self) -> dict[str, Any]:
        """Take back the last label that was given here; return whose it was, with the state."""
        sample = self.given.pop() if self.given else None
        if sample is not None:
            self.labelling.withdraw(sample, by=self.by)
        return {"id": sample, **self.state()}


class Answer(BaseHTTPRequestHandler):
    """Answer one request of the page."""

    server: Page
    timeout = PATIENCE
    server_version, sys_version = "stride", ""

    def do_GET(self) -> None:
        """Send the page, the state or a sample."""
        match self._words():
            case [""]:
                page = files("stride_cli.labelling").joinpath("page.html").read_bytes()
                self._send(HTTPStatus.OK, page, "text/html; charset=utf-8")
            case ["state"]:
                self._call(self.server.state)
            case ["sample", number] if number.isdecimal():
                self._call(lambda: view(self.server.labelling.show(int(number))))
            case _:
                self._refuse(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Take a label, or take one back."""
        words, posted = self._words(), self._posted()
        if posted is None:
            self._refuse(HTTPStatus.BAD_REQUEST)
        elif words == ["label"] and type(posted.get("id")) is int:
            self._call(lambda: self.server.give(posted["id"], str(posted.get("text", ""))))
        elif words == ["undo"]:
            self._call(self.server.undo)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _words(self) -> list[str]:
        """Return the words of the address behind the secret, none where it or the host differs.

        A page elsewhere that has its own name point to this machine sends that name as the host.
        """
        secret, *words = self.path.removeprefix("/").split("/")
        known = secrets.compare_digest(secret.encode(), self.server.secret.encode())
        return words if known and self.headers.get("Host") in self.server.hosts else []

    def _posted(self) -> dict[str, Any] | None:
        """Return the JSON object that was posted, None for anything else."""
        length = self.headers.get("Content-Length", "")
        if self.headers.get_content_type() != "application/json" or not length.isdecimal():
            return None
        try:
            value = json.loads(self.rfile.read(int(length))) if int(length) <= LONGEST else None
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    def _call(self, function: Any) -> None:
        """Send what a function gives, or what it refuses; end with the last label."""
        from stride.errors import StrideError

        with self.server.lock:
            try:
                status, value = HTTPStatus.OK, function()
            except StrideError as error:
                status, value = HTTPStatus.BAD_REQUEST, {"error": str(error)}
        self._send(status, json.dumps(value).encode(), "application/json")
        if value.get("missing") == []:
            self.wfile.flush()
            threading.Thread(target=self.server.shutdown).start()

    def _refuse(self, status: HTTPStatus) -> None:
        self._send(status, status.phrase.encode(), "text/plain")

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": kind}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Write no line for a request."""


def view(shown: "Rendered") -> dict[str, Any]:
    """Return a sample as the page takes it."""
    from stride.active.labels.rendering import Picture, Table

    if isinstance(shown, Picture):
        image = base64.b64encode(png(shown.width, shown.height, shown.pixels)).decode()
        size = {"width": shown.width, "height": shown.height}
        return {"picture": f"data:image/png;base64,{image}", **size}
    if isinstance(shown, Table):
        return {"rows": shown.rows, "left_out": shown.left_out}
    return {"words": shown.text}
