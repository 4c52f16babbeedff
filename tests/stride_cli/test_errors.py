"""What a person reads when something is wrong: pinned, as errors are interface."""

import json
import sys
import types
from pathlib import Path

import pytest

from stride.errors import ConfigError, RunFailed
from stride_cli.errors import asks_for_json, run_guarded
from tests.stride_cli.conftest import MakeRun, Stride

USAGE = [
    (
        ["--confg", "a=1"],
        "stride: error: no such option: --confg; did you mean '--config' or '--config-file'?",
    ),
    (["lss"], "stride: error: no such command 'lss'; did you mean 'ls'?"),
    (["ls"], "stride: error: missing argument 'W...'; see `stride ls --help`"),
    (
        ["ls", ".", "-n", "0"],
        "stride: error: invalid value for '-n': Input should be greater than or equal to 1; "
        "see `stride ls --help`",
    ),
    (
        ["--force", "ls", "."],
        "stride: error: --force starts a run and goes with no command; "
        "type `stride ls --help` for its own options",
    ),
    (
        ["--config"],
        "stride: error: option '--config' requires an argument; see `stride --help`",
    ),
]


@pytest.mark.parametrize(("words", "sentence"), USAGE, ids=[" ".join(words) for words, _ in USAGE])
def test_usage_errors(
    words: list[str],
    sentence: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from stride_cli.app import main

    monkeypatch.setattr(sys, "argv", ["stride", *words])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", sentence + "\n")


def report(
    error: BaseException, capsys: pytest.CaptureFixture[str], *, debug: bool = False
) -> tuple[int, str]:
    def call() -> None:
        raise error

    code = run_guarded(call, debug=debug)
    return code, capsys.readouterr().err


def test_the_users_mistake_is_one_line_and_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    error = ConfigError("unknown key 'lrr'", where="override 2", hint="did you mean 'lr'?")
    sentence = "stride: error: unknown key 'lrr' (override 2); did you mean 'lr'?\n"
    assert report(error, capsys) == (2, sentence)


def test_a_failed_run_exits_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(RunFailed("the loss is NaN"), capsys) == (1, "stride: error: the loss is NaN\n")


def test_ctrl_c_exits_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(KeyboardInterrupt(), capsys) == (130, "stride: interrupted\n")


def test_an_exit_code_passes_through() -> None:
    assert run_guarded(lambda: 3, debug=False) == 3
    assert run_guarded(lambda: None, debug=False) == 0


def test_debug_shows_the_traceback_of_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    code, err = report(ConfigError("no"), capsys, debug=True)
    assert code == 2
    assert err.startswith("Traceback (most recent call last):\n")
    assert err.endswith("\nstride: error: no\n")


def users_module(folder: Path) -> types.ModuleType:
    """Return a module of the user's whose `forward` fails inside an installed package."""
    file = folder / "nets.py"
    file.write_text("import json\n\ndef forward(text):\n    return json.loads(text)\n")
    module = types.ModuleType("nets")
    exec(compile(file.read_text(), str(file), "exec"), module.__dict__)
    return module


def test_an_unexpected_exception_shows_the_users_frames_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nets = users_module(tmp_path)
    assert run_guarded(nets.forward.__get__("{"), debug=False) == 1
    err = capsys.readouterr().err
    assert err == (
        "Traceback in your code (--debug shows all of it):\n"
        f'  File "{tmp_path}/nets.py", line 4, in forward\n'
        "    return json.loads(text)\n"
        "           ^^^^^^^^^^^^^^^^\n"
        "stride: error: JSONDecodeError: Expecting property name enclosed in double quotes: "
        "line 1 column 2 (char 1)\n"
    )


def test_debug_shows_every_frame(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nets = users_module(tmp_path)
    assert run_guarded(nets.forward.__get__("{"), debug=True) == 1
    assert "decoder.py" in capsys.readouterr().err


def told(err: str) -> dict[str, str]:
    """Return the error that stderr has in its only line."""
    assert err.count("\n") == 1
    whole = json.loads(err)
    assert list(whole) == ["error"] and list(whole["error"]) == FIELDS
    found: dict[str, str] = whole["error"]
    return found


FIELDS = ["code", "message", "where", "hint"]
OF_PROGRAMS = [
    (["ls", "--json"], "usage", "missing argument 'W...'", "stride ls", "see `stride ls --help`"),
    (["ls", ".", "--jsn", "--json"], "usage", "no such option: --jsn", "stride ls", None),
    (["lss", "--json"], "usage", "no such command 'lss'", "stride", "did you mean 'ls'?"),
    (["--force", "--json"], "usage", "no such option: --json", "stride", None),
    (["ls", "nowhere", "--json"], "run", None, None, None),
    (["show", "W/9", "--json"], "run", None, None, None),
    (["ls", "W", "--where", "lr <", "--json"], "query", None, "'lr <', at its end", None),
    (["ls", "W", "--json", "--md"], "user", "--json and --md exclude each other", "", None),
    (["config", "--config", "sede=1", "--json"], "config", None, None, None),
]


@pytest.mark.parametrize(
    ("words", "code", "message", "where", "hint"),
    OF_PROGRAMS,
    ids=[" ".join(case[0]) for case in OF_PROGRAMS],
)
def test_a_program_is_told_of_errors_in_json(
    words: list[str],
    code: str,
    message: str | None,
    where: str | None,
    hint: str | None,
    stride: Stride,
    make_run: MakeRun,
) -> None:
    make_run()
    make_run(name="broken").status.write_text("[]")
    done = stride(*words)
    error = told(done.err)
    assert (done.code, done.out, error["code"]) == (2, "", code)
    assert message in (None, error["message"])
    assert where in (None, error["where"])
    assert hint in (None, error["hint"])


def test_a_program_is_told_of_what_nobody_foresaw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nets = users_module(tmp_path)
    assert run_guarded(nets.forward.__get__("{"), debug=False, json=True) == 1
    error = told(capsys.readouterr().err)
    assert error["code"] == "unexpected" and error["where"] == f"{tmp_path}/nets.py, line 4"
    assert error["message"].startswith("JSONDecodeError: ")


def test_a_program_is_told_of_a_signal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_guarded(lambda: 128 + 15, debug=False, json=True) == 143
    assert told(capsys.readouterr().err)["code"] == "interrupted"


def test_words_behind_two_dashes_ask_for_nothing() -> None:
    assert asks_for_json(["note", "W/3", "--json"])
    assert not asks_for_json(["note", "W/3", "--", "--json"])


def test_every_class_of_errors_has_a_code_of_its_own() -> None:
    from stride import errors
    from stride.launch.slurm import SlurmError
    from stride.runs.where.tokens import QueryError

    kinds = [e for e in vars(errors).values() if isinstance(e, type)] + [SlurmError, QueryError]
    codes = [e.code for e in kinds if issubclass(e, errors.StrideError)]
    assert len(codes) > 12 and len(set(codes)) == len(codes)
