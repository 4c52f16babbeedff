"""The page gives its samples and takes labels, from the browser that has its address only."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from stride.active.labels.rendering import Picture, Table, Words
from stride.runs.files.png import SIGNATURE
from stride.runs.labels.labels_jsonl import add_labels, read_labels
from stride.runs.layout import RunPaths
from stride.trainers.active.label_session import LabelSession
from stride_cli.labelling.page import LONGEST, Page, serve, view
from tests.trainers.active.waiting import pets, waiting


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    """Leave a run W/0 that asks for the animals 7, 3 and 5."""
    return waiting(tmp_path / "W", pets(tmp_path))


@pytest.fixture
def page(paths: RunPaths) -> Iterator[Page]:
    """Serve the page, in a thread."""
    with Page(LabelSession(paths.path), "ann") as page:
        page.thread = threading.Thread(target=page.serve_forever, args=(0.01,))  # type: ignore[attr-defined]
        page.thread.start()  # type: ignore[attr-defined]
        yield page
        page.shutdown()
        page.thread.join(20)  # type: ignore[attr-defined]


class Got(NamedTuple):
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


def ask(
    page: Page, path: str, posted: Any = None, *, secret: str | None = None, **headers: str
) -> Got:
    """Ask the page for something, or post something."""
    connection = HTTPConnection("127.0.0.1", page.server_port, timeout=20)
    place = f"/{page.secret if secret is None else secret}/{path}"
    body = posted if posted is None or isinstance(posted, str) else json.dumps(posted)
    sent = {"Content-Type": "application/json"} if posted is not None else {}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request("GET" if posted is None else "POST", place, body, sent)
    answer = connection.getresponse()
    got = Got(answer.status, dict(answer.getheaders()), answer.read())
    connection.close()
    return got


def test_the_page_is_one_file_that_needs_no_other(page: Page) -> None:
    got = ask(page, "")
    assert got.status == 200 and got.headers["Content-Type"].startswith("text/html")
    text = got.content.decode()
    assert not re.findall(r"""(?:src|href)=["'](?!data:)|url\(|@import|https?://""", text)
    policy = got.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "connect-src 'self'" in policy
    assert "http" not in policy
    assert got.headers["Referrer-Policy"] == "no-referrer"  # the address is the secret


def test_the_state_tells_what_is_asked_for(page: Page) -> None:
    assert ask(page, "state").json == {
        "run": "0",
        "round": 2,
        "kind": "class",
        "classes": ["cat", "cow", "dog"],
        "scores": {"7": 1.0, "3": 0.5, "5": 1 / 3},
        "total": 3,
        "missing": [7, 3, 5],
        "undo": False,
    }


def test_a_sample_is_given_as_it_is_shown(page: Page) -> None:
    found = ask(page, "sample/7").json
    assert [name for name, _ in found["rows"]] == ["age", "body weight"] and found["left_out"] == 0


def test_every_form_of_a_sample() -> None:
    picture = view(Picture(2, 1, bytes(6)))
    kind, _, content = picture["picture"].partition(",")
    assert kind == "data:image/png;base64" and base64.b64decode(content).startswith(SIGNATURE)
    assert (picture["width"], picture["height"]) == (2, 1)
    assert view(Table((("a", "1"),), 2)) == {"rows": (("a", "1"),), "left_out": 2}
    assert view(Words("<b>")) == {"words": "<b>"}


def test_labels_are_kept_and_the_last_one_ends_the_page(page: Page, paths: RunPaths) -> None:
    got = ask(page, "label", {"id": 7, "text": "d"})
    assert got.status == 200 and got.json["label"] == "dog" and got.json["missing"] == [3, 5]
    assert read_labels(paths) == {7: "dog"} and b'"by": "ann"' in paths.labels.read_bytes()
    assert ask(page, "label", {"id": 3, "text": "0"}).json["undo"] is True
    assert ask(page, "label", {"id": 5, "text": "cow"}).json["missing"] == []
    page.thread.join(20)  # type: ignore[attr-defined]
    assert not page.thread.is_alive()  # type: ignore[attr-defined]
    assert read_labels(paths) == {7: "dog", 3: "cat", 5: "cow"}


def test_what_others_give_ends_the_page_too(page: Page, paths: RunPaths) -> None:
    add_labels(paths, {7: 0, 3: 0, 5: 0}, by="bob")
    assert ask(page, "state").json["missing"] == []
    page.thread.join(20)  # type: ignore[attr-defined]
    assert not page.thread.is_alive()  # type: ignore[attr-defined]


def test_the_last_label_is_taken_back(page: Page, paths: RunPaths) -> None:
    ask(page, "label", {"id": 7, "text": "dog"})
    ask(page, "label", {"id": 3, "text": "dog"})
    got = ask(page, "undo", {})
    assert got.json["id"] == 3 and got.json["missing"] == [3, 5]
    assert read_labels(paths) == {7: "dog"}
    assert ask(page, "undo", {}).json["undo"] is False
    assert ask(page, "undo", {}).json["id"] is None


@pytest.mark.parametrize(
    ("posted", "said"),
    [
        ({"id": 7, "text": "bird"}, "not a class"),
        ({"id": 8, "text": "dog"}, "not asked for"),
    ],
)
def test_a_wrong_label_is_refused_in_words(
    page: Page, paths: RunPaths, posted: Any, said: str
) -> None:
    got = ask(page, "label", posted)
    assert got.status == 400 and said in got.json["error"]
    assert read_labels(paths) == {}


@pytest.mark.parametrize(
    "posted", ["no JSON", "[1]", '{"id": 7', "[" * 50_000, " " * LONGEST + "{}"]
)
def test_what_is_no_object_is_refused(page: Page, posted: str) -> None:
    assert ask(page, "label", posted).status == 400


def test_without_the_secret_there_is_nothing(page: Page, paths: RunPaths) -> None:
    for secret in ("", "x", page.secret + "x", page.secret[:-1]):
        for path in ("", "state", "sample/7"):
            assert ask(page, path, secret=secret).status == 404
        assert ask(page, "label", {"id": 7, "text": "dog"}, secret=secret).status == 404
    assert read_labels(paths) == {}


def test_another_name_for_this_machine_is_refused(page: Page, paths: RunPaths) -> None:
    for host in ("evil.example", f"evil.example:{page.server_port}", "127.0.0.1", "127.0.0.1:1"):
        assert ask(page, "state", Host=host).status == 404
        assert ask(page, "label", {"id": 7, "text": "dog"}, Host=host).status == 404
    assert read_labels(paths) == {}
    assert ask(page, "state", Host=f"localhost:{page.server_port}").status == 200


def test_a_form_of_another_page_cannot_post(page: Page, paths: RunPaths) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert ask(page, "label", {"id": 7, "text": "dog"}, Content_Type=kind).status == 400
    assert read_labels(paths) == {}


@pytest.mark.parametrize("path", ["x", "sample/x", "sample/-1", "sample", "../state", "label"])
def test_what_is_not_there(page: Page, path: str) -> None:
    assert ask(page, path).status == 404


@pytest.mark.parametrize("posted", [{}, {"id": "7"}, {"id": True}])
def test_a_label_needs_a_sample(page: Page, posted: Any) -> None:
    assert ask(page, "label", posted).status == 404
    assert ask(page, "state", {}).status == 404


def test_only_this_machine_is_served_and_each_page_has_its_secret(paths: RunPaths) -> None:
    labelling = LabelSession(paths.path)
    with Page(labelling, "ann") as one, Page(labelling, "ann") as other:
        assert one.server_address[0] == "127.0.0.1"
        assert one.secret != other.secret and len(one.secret) >= 20
        assert one.server_port != other.server_port


def test_nothing_is_served_where_nothing_is_missing(paths: RunPaths, capsys) -> None:
    add_labels(paths, {7: 0, 3: 0, 5: 0}, by="bob")
    serving = threading.Thread(target=serve, args=(LabelSession(paths.path), "ann"), daemon=True)
    serving.start()
    serving.join(10)
    assert not serving.is_alive()
    assert capsys.readouterr().err == ""


@pytest.fixture
def command(popen, paths: RunPaths) -> "subprocess.Popen[str]":
    """Start `stride label W/0 --page --no-resume`."""
    words = [sys.executable, "-m", "stride", "label", str(paths.path), "--page", "--no-resume"]
    return popen(
        words,
        stderr=subprocess.PIPE,
        text=True,
        # What is started in the background of a shell ignores Ctrl-C, and so do its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL) and None,
    )


def served(process: "subprocess.Popen[str]") -> Any:
    """Return the page that a command says it serves, as far as `ask` needs it."""
    assert process.stderr is not None
    found = re.search(r"http://127\.0\.0\.1:(\d+)/([\w-]+)/$", process.stderr.readline())
    assert found is not None

    class Served:
        server_port, secret = int(found[1]), found[2]

    return Served


def test_the_command_ends_by_itself_with_the_last_label(command, paths: RunPaths) -> None:
    page = served(command)
    for sample in (7, 3, 5):
        assert ask(page, "label", {"id": sample, "text": "cow"}).status == 200
    _, err = command.communicate(timeout=120)
    assert command.returncode == 0 and err.endswith("all 3 labels are given\n")
    assert read_labels(paths) == {7: "cow", 3: "cow", 5: "cow"}


def test_ctrl_c_ends_the_command_and_keeps_what_was_given(command, paths: RunPaths) -> None:
    page = served(command)
    ask(page, "label", {"id": 7, "text": "cow"})
    os.kill(command.pid, signal.SIGINT)
    _, err = command.communicate(timeout=120)
    assert command.returncode == 130 and "1 of 3 labels are given and kept" in err
    assert "Traceback" not in err and read_labels(paths) == {7: "cow"}
