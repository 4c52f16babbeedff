"""Write docs/terminal.svg: what a terminal shows while these commands run, from a real run.

python docs/record.py           runs the commands and writes the picture
python docs/record.py --check   leaves with 1 where other words come now than the picture has
"""

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

PICTURE = Path(__file__).with_name("terminal.svg")
HOME = "/path/to/project"  # in place of the temporary folder
ROWS, COLUMNS = 40, 100
COMMANDS = {  # and the text upon which Ctrl-C is typed
    "stride train -w work_dirs/digits epochs=6    # Ctrl-C after some epochs": "epoch 3/6",
    "stride resume work_dirs/digits/0": "",
    "stride train -w work_dirs/digits epochs=6 run=fast lr=3e-3": "",
    "stride plot work_dirs/digits --log --height 14": "",
    "stride reproduce work_dirs/digits/0          # the whole training, in one go": "",
}

Cell = tuple[str, str]  # a character and its colour
Line = list[Cell]

TITLE = "A training is interrupted, resumed, plotted and reproduced"
WIDTH, HEIGHT, MARGIN = 8, 18, 16  # of a cell and around all of them, in pixels
TEXT, COLOURS = (
    "#d8dee9",
    {
        "31": "#ff6b6b",
        "32": "#8bd48b",
        "33": "#e5c07b",
        "36": "#7cc7d8",
        "2": "#8a94a6",
        "prompt": "#8bd48b",
        "dim": "#8a94a6",
    },
)
_CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])|(.)", re.DOTALL)


def run(command: str, folder: Path, interrupt: str) -> str:
    """Run a command in a pseudo-terminal in a folder; return what it wrote there.

    Args:
        command: a line of bash.
        folder: where it is typed.
        interrupt: Ctrl-C is typed once this was written; never where it is empty.
    """
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        scripts = str(Path(sys.executable).parent)
        own = {"TERM": "xterm-256color", "XDG_STATE_HOME": str(folder / ".state")}
        path = os.pathsep.join([scripts, os.environ["PATH"]])
        os.chdir(folder)
        os.execvpe("bash", ["bash", "-c", command], {**os.environ, **own, "PATH": path})
    written = b""
    while got := _read(terminal):
        written += got
        if interrupt and interrupt.encode() in written:
            os.write(terminal, b"\x03")
            interrupt = ""
    os.close(terminal)
    os.waitpid(child, 0)
    return written.decode().replace(str(folder), HOME)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # as Linux says that the other end is closed
        return b""


def screen(written: str) -> list[Line]:
    """Return the lines that a terminal of `COLUMNS` shows at the end of what was written to it."""
    lines: list[Line] = [[]]
    row, column, colour = 0, 0, ""
    for values, code, character in _CODE.findall(written):
        if code == "m":
            colour = "" if values in ("", "0") else values
        elif code == "A":
            row = max(0, row - int(values or 1))
        elif code == "K":
            lines[row] = []
        elif code == "J":
            lines[row:] = [lines[row][:column]]
        elif character == "\r":
            column = 0
        elif character == "\n" or (character and column == COLUMNS):
            row, column = row + 1, 0
            lines += [[]] if row == len(lines) else []
        if character and character not in "\r\n":
            lines[row] += [(" ", "")] * (column - len(lines[row]))
            lines[row][column : column + 1] = [(character, colour)]
            column += 1
    return lines[:-1] if not lines[-1] else lines


def typed(command: str) -> list[Line]:
    """Return the lines of a prompt with a command, broken as a terminal does."""
    words, sign, remark = command.partition("   #")
    cells = [("$", "prompt"), (" ", ""), *((one, "") for one in words)]
    cells += [(one, "dim") for one in sign + remark]
    return [cells[start : start + COLUMNS] for start in range(0, len(cells), COLUMNS)]


def record() -> list[Line]:
    """Run all commands one after the other in a new folder; return the lines of the screen."""
    lines: list[Line] = []
    with TemporaryDirectory() as place:
        folder = Path(place).resolve()
        for command, interrupt in COMMANDS.items():
            lines += [*typed(command), *screen(run(command, folder, interrupt)), []]
    return lines[:-1]


def picture(lines: list[Line]) -> str:
    """Draw lines of a terminal as SVG; every cell has its place, whatever font there is."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, len(lines) * HEIGHT + 2 * MARGIN
    texts = [text for number, line in enumerate(lines) for text in _texts(line, number)]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" font-family="ui-monospace, DejaVu Sans Mono, '
        f'Menlo, Consolas, monospace" font-size="13" fill="{TEXT}">'
    )
    return "\n".join(
        [
            head,
            f"<title>{TITLE}</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#1b1f27"/>',
            *texts,
            "</svg>\n",
        ]
    )


def _texts(line: Line, number: int) -> list[str]:
    """Return the texts of a line: one for each stretch of a colour without two spaces in a row."""
    texts, column, y = [], 0, MARGIN + number * HEIGHT + 13
    for colour, cells in groupby(line, key=lambda cell: cell[1]):
        shown = "".join(character for character, _ in cells)
        fill = f' fill="{COLOURS[colour]}"' if colour in COLOURS else ""
        for part in re.finditer(r"\S+( \S+)*", shown):
            place = f'x="{MARGIN + (column + part.start()) * WIDTH}" y="{y}"'
            length = f'textLength="{len(part[0]) * WIDTH}"'
            texts.append(f"<text {place} {length}{fill}>{escape(part[0])}</text>")
        column += len(shown)
    return texts


def words(text: str) -> str:
    """Return the words of a picture: of its numbers, curves and lines of epochs only that they are.

    How many of these there are, and which step was the last, depends on when the key was pressed.
    """
    shown = unescape(" ".join(re.findall(r"<text[^>]*>(.*)</text>", text)))
    shown = re.sub(r"\d[\d.:e+-]*[smhd]?", "#", re.sub(r"[\u2800-\u28ff* ]+", " ", shown))
    return re.sub(r"#( #)+", "#", shown).replace("_step_#", "")


def main() -> int:
    """Write the picture, or with `--check` compare its words with those that come now."""
    drawn = picture(record())
    if "--check" not in sys.argv[1:]:
        PICTURE.write_text(drawn)
        return 0
    old, new = words(PICTURE.read_text()), words(drawn)
    if old == new:
        return 0
    print(f"docs/terminal.svg is out of date: python docs/record.py\n{old}\n{new}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
