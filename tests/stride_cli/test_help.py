"""Help is grouped, whole and has examples that parse."""

import re
import shlex

import pytest
import typer

from stride_cli.app import GROUPS, app

ROOT = typer.main.get_command(app)
COMMANDS = getattr(ROOT, "commands", {})


@pytest.fixture
def helped(stride, monkeypatch: pytest.MonkeyPatch):
    """Return a function that gives the lines of a command's help at a width."""

    def lines(*words: str, width: int = 80) -> list[str]:
        monkeypatch.setenv("COLUMNS", str(width))
        monkeypatch.setenv("TERMINAL_WIDTH", str(width))
        return stride(*words, "--help").out.splitlines()

    return lines


def test_commands_stand_in_groups_with_their_whole_sentences(helped) -> None:
    text = "\n".join(helped())
    assert [title for title in GROUPS if f"\n{title}:\n" in text] == [*GROUPS]
    said = " ".join(text.split())
    for name, command in COMMANDS.items():
        assert f" {name} {' '.join((command.help or '').split())}" in said


def test_arguments_are_shown_as_they_are_typed(helped) -> None:
    assert helped("train")[0] == "Usage: stride train [OPTIONS] [KEY=VALUE]..."
    assert helped("verify")[0] == "Usage: stride verify [OPTIONS] RUN..."
    assert "  RUN  A run's folder: W/3, W/name, W/latest, W/best." in helped("show")


@pytest.mark.parametrize("name", ["", *COMMANDS])
@pytest.mark.parametrize("width", [60, 80, 200])
def test_nothing_is_cut_or_wider_than_the_terminal(helped, name: str, width: int) -> None:
    lines = helped(*([name] if name else []), width=width)
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if line.endswith((" ...", "w...", "…"))]


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_an_example_that_it_can_parse(name: str) -> None:
    command = COMMANDS[name]
    assert command.epilog.startswith("Example:  ") and len(command.epilog) <= 76
    (found,) = re.findall(rf"stride {name} ([^)\"]+)", command.epilog)
    with command.make_context(name, shlex.split(found)) as context:
        assert not context.args
