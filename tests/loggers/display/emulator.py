"""A terminal as far as a display uses it: what a person would see, line by line."""

import io
import re

_TOKEN = re.compile(r"\x1b\[(\?25[lh]|[\d;]*[A-Za-z])|[^\x1b]")


class Emulator(io.StringIO):
    """Show what is written as a terminal does that breaks its lines again when it is resized.

    Attributes:
        codes: the control sequences that came.
        cursor_is_shown: whether the cursor is.
    """

    encoding = "utf-8"

    def __init__(self, width: int = 80, height: int = 24) -> None:
        super().__init__()
        self.width, self.height = width, height
        self.rows: list[list[str]] = [[]]  # those that have scrolled out of sight too
        self.breaks: list[bool] = [False]  # whether a row goes on in the next one
        self.row = self.column = 0
        self.codes: list[str] = []
        self.cursor_is_shown = True

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError("a terminal without a descriptor")

    def write(self, text: str) -> int:
        for match in _TOKEN.finditer(text):
            if match[1]:
                self._obey(match[1])
            else:
                self._put(match[0])
        return len(text)

    @property
    def _top(self) -> int:
        return max(len(self.rows) - self.height, 0)

    def _put(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":  # as the terminal's driver has it, which adds the return
            self._down(False)
        else:
            if self.column == self.width:
                self._down(True)
            row = self.rows[self.row]
            row.extend(" " * (self.column + 1 - len(row)))
            row[self.column] = character
            self.column += 1

    def _down(self, broken: bool) -> None:
        self.breaks[self.row] = broken
        self.row, self.column = self.row + 1, 0
        if self.row == len(self.rows):
            self.rows.append([])
            self.breaks.append(False)

    def _obey(self, code: str) -> None:
        self.codes.append(code)
        if code[-1] == "A":
            self.row = max(self.row - int(code[:-1]), self._top)
        elif code == "J":
            self.rows[self.row] = self.rows[self.row][: self.column]
            self.breaks[self.row] = False
            for row in range(self.row + 1, len(self.rows)):
                self.rows[row], self.breaks[row] = [], False
        elif code.startswith("?25"):
            self.cursor_is_shown = code == "?25h"
        else:
            assert code[-1] == "m", code

    def resize(self, width: int, height: int) -> None:
        """Break the lines as a window of another size needs; the cursor stays at its character."""
        rows, breaks, at, self.width, self.height = self.rows, self.breaks, self.row, width, height
        self.rows, self.breaks, line = [], [], list[str]()
        for number, (row, goes_on) in enumerate(zip(rows, breaks, strict=True)):
            if number == at:
                place = len(line) + self.column
                self.row, self.column = len(self.rows) + place // width, place % width
            line += row
            if not goes_on:
                starts = range(0, max(len(line), 1), width)
                self.rows += [line[start : start + width] for start in starts]
                self.breaks += [True] * (len(starts) - 1) + [False]
                line = []

    def text(self) -> str:
        """Return all lines that came, without what is blank at their ends, and at the end."""
        return "\n".join("".join(row).rstrip() for row in self.rows).rstrip("\n")
