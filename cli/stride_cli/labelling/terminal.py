"""Ask a person at a terminal for the labels that a run waits for."""

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stride.tables.words import number
from stride.visible import visible

if TYPE_CHECKING:
    from rich.console import Console

    from stride.active.labels.rendering import Picture, Rendered
    from stride.runs.labels.labels_jsonl import LabelRequest
    from stride.trainers.active.label_session import LabelSession

HELP = """\
  {answer}
  u  take back the last label     s  skip: it comes again at the end
  q  quit; what was given is kept (so do Ctrl-C and Ctrl-D)     ?  this help"""
ANSWERS = {
    "class": "a class by its number, its name or the beginning of its name",
    "float": "a number, as 0.5",
}
LEFT_FREE = 9  # lines of the terminal beside the image
LISTED = 40  # classes that are listed at each sample


def ask(labelling: "LabelSession", by: str) -> None:
    """Show each sample that has no label and take what is typed, until all have one or `q`."""
    from rich.console import Console

    console = Console(stderr=True, highlight=False, markup=False)
    try:
        Prompt(labelling, by, console).run()
    except KeyboardInterrupt:
        console.print()  # ^C stands behind what was asked
        raise


@dataclass
class Prompt:
    """The asking of one person: what was given, which can be taken back, and what was skipped."""

    labelling: "LabelSession"
    by: str
    console: "Console"
    given: list[int] = field(default_factory=list)
    skipped: set[int] = field(default_factory=set)

    def run(self) -> None:
        """Ask for one sample after the other."""
        query = self.labelling.query
        name, wanted = self.labelling.paths.name, len(query)
        self.console.print(f"run {visible(name)}, round {query[0].round}: {wanted} labels wanted")
        self.console.print(self._help())
        while asked := self._next():
            self._show(asked)
            if not self._answered(asked):
                return

    def _next(self) -> "LabelRequest | None":
        """Return what is asked for now; those that were skipped come last."""
        missing = self.labelling.missing()
        fresh = [asked for asked in missing if asked.id not in self.skipped]
        if not fresh:
            self.skipped.clear()
        return next(iter(fresh or missing), None)

    def _answered(self, asked: "LabelRequest") -> bool:
        """Take one answer that can be understood; return whether the asking goes on."""
        from stride.errors import DataError

        while True:
            self.console.print("label: ", end="", style="bold")
            line = sys.stdin.readline()
            word = line.strip()
            if word == "q" or not line:  # the empty text is Ctrl-D
                if not line:
                    self.console.print()
                return False
            if word == "?":
                self.console.print(self._help())
                self._classes(len(self.labelling.classes))
                continue
            try:
                if self._done(asked, word):
                    return True
            except DataError as error:
                self.console.print(str(error), style="yellow")

    def _done(self, asked: "LabelRequest", word: str) -> bool:
        """Do what was typed; return whether another sample is to be shown."""
        if not word:
            return False
        if word == "s":
            self.skipped.add(asked.id)
        elif word == "u":
            return self._undone()
        else:
            label = self.labelling.give(asked.id, word, by=self.by)
            self.given.append(asked.id)
            self.console.print(f"sample {asked.id} is {visible(str(label))}", style="green")
        return True

    def _undone(self) -> bool:
        if not self.given:
            self.console.print("nothing was given here that could be taken back", style="yellow")
            return False
        sample = self.given.pop()
        self.labelling.withdraw(sample, by=self.by)
        self.console.print(f"sample {sample} has no label again", style="green")
        return True

    def _help(self) -> str:
        return HELP.format(answer=ANSWERS[self.labelling.kind or "float"])

    def _show(self, asked: "LabelRequest") -> None:
        total = len(self.labelling.query)
        place = total - len(self.labelling.missing()) + 1
        score = "" if asked.score is None else f", score {number(asked.score)}"
        self.console.print(f"\n{place} of {total}: sample {asked.id}{score}\n", style="bold")
        draw(self.labelling.show(asked.id), self.console)
        self._classes(LISTED)

    def _classes(self, count: int) -> None:
        """List the classes with what is to be typed for them."""
        from rich.columns import Columns

        classes = self.labelling.classes
        named = self.labelling.names and not all(name.isdecimal() for name in classes)
        words = [f"{code} {name}" if named else name for code, name in enumerate(classes[:count])]
        if len(classes) > count:
            words.append("... (? lists all)")
        if words:
            self.console.print(Columns([visible(word) for word in words], padding=(0, 3)))


def draw(shown: "Rendered", console: "Console") -> None:
    """Print a sample: its image, its values or its text."""
    from rich.columns import Columns
    from rich.text import Text

    from stride.active.labels.rendering import Picture, Table

    if isinstance(shown, Picture):
        _draw_picture(shown, console)
    elif isinstance(shown, Table):
        width = max((len(name) for name, _ in shown.rows), default=0)
        cells = [f"{visible(name):<{width}}  {visible(value)}" for name, value in shown.rows]
        cells += [f"... {shown.left_out} more"] if shown.left_out else []
        console.print(Columns([Text(cell) for cell in cells], padding=(0, 4), column_first=True))
        console.print()
    else:
        console.print(Text(visible(shown.text, lines=True)), end="\n\n")


def _draw_picture(picture: "Picture", console: "Console") -> None:
    from rich.text import Text

    from stride_cli.labelling.blocks import draw_coloured, draw_plain

    space = console.width - 2, max(4, console.height - LEFT_FREE)
    with_colours = console.color_system is not None and not console.no_color
    drawn = draw_coloured(picture, *space) if with_colours else Text(draw_plain(picture, *space))
    console.print(drawn, no_wrap=True, crop=False)
