"""Draw with dots in the characters of a terminal: eight to a character in braille, or one."""

from abc import ABC, abstractmethod
from typing import NamedTuple

_BLANK = 0x2800  # the character of braille without dots
# The bits of its dots, from the top of the left column and of the right one (Unicode 15, 22.1).
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))


class Cell(NamedTuple):
    """Hold what stands in a character, and of which curve it is.

    Attributes:
        text: the character.
        curve: index of the curve that was drawn there last; its complement where it is the band
            of the curve; None where there is nothing.
    """

    text: str
    curve: int | None


NOTHING = Cell(" ", None)


class Canvas(ABC):
    """Hold dots.

    Attributes:
        num_columns: of dots, side by side.
        num_rows: of dots, one below the other.
        across: dots in a character, side by side.
        down: likewise, one below the other.
    """

    across = down = 1

    def __init__(self, width: int, height: int) -> None:
        """Begin without a dot.

        Args:
            width: in characters.
            height: likewise.
        """
        self.num_columns, self.num_rows = width * self.across, height * self.down

    @abstractmethod
    def dot(self, column: int, row: int, curve: int) -> None:
        """Draw a dot of a curve; columns count from the left, rows from the top."""

    @abstractmethod
    def rows(self) -> list[list[Cell]]:
        """Return the characters of each row."""


class Braille(Canvas):
    """Hold dots, two by four in a character."""

    across, down = 2, 4

    def __init__(self, width: int, height: int) -> None:
        """Begin without a dot."""
        super().__init__(width, height)
        self._bits = [[0] * width for _ in range(height)]
        self._curves = [[0] * width for _ in range(height)]

    def dot(self, column: int, row: int, curve: int) -> None:
        """Draw a dot."""
        x, y = column // 2, row // 4
        self._bits[y][x] |= _DOTS[column % 2][row % 4]
        self._curves[y][x] = curve

    def rows(self) -> list[list[Cell]]:
        """Return the characters."""
        return [
            [
                Cell(chr(_BLANK + dots), curve) if dots else NOTHING
                for dots, curve in zip(*row, strict=True)
            ]
            for row in zip(self._bits, self._curves, strict=True)
        ]


class Characters(Canvas):
    """Hold dots that are characters: one for each curve, and a full stop for bands."""

    def __init__(self, width: int, height: int, marks: str) -> None:
        """Begin without a dot.

        Args:
            width: in characters.
            height: likewise.
            marks: the character of each curve.
        """
        super().__init__(width, height)
        self._marks = marks
        self._cells = [[NOTHING] * width for _ in range(height)]

    def dot(self, column: int, row: int, curve: int) -> None:
        """Draw a dot."""
        mark = self._marks[curve % len(self._marks)] if curve >= 0 else "."
        self._cells[row][column] = Cell(mark, curve)

    def rows(self) -> list[list[Cell]]:
        """Return the characters."""
        return self._cells
