"""The page of promises names tests that are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "promises.md").read_text()
NAME = r"`([\w/]+(?:\.py|/))`"


def test_each_test_that_the_page_names_is_there() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ")]
    cells = [row.split("|")[3] for row in rows] + re.findall(r"Tests: (.*)$", PAGE, re.MULTILINE)
    names = [name for cell in cells for name in re.findall(NAME, cell)]
    folders = {name: Path(name).parent for name in names}
    missing = []
    for cell in cells:
        folder = Path()
        for name in re.findall(NAME, cell):
            # A name without a folder lies beside the one before it.
            folder = folders[name] if "/" in name else folder
            if not (ROOT / "tests" / folder / Path(name).name).exists():
                missing.append(name)
    assert len(names) > 20 and missing == []
