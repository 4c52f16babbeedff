"""Every link of the pages leads to a file and heading that are there; the index has every page."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "README.md"
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*/*.md")])

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)", _FENCE.sub("", page.read_text()))
    local = [target.partition("#") for target in targets if not target.startswith("http")]
    missing = [f"{path}#{anchor}" for path, _, anchor in local if not leads(page, path, anchor)]
    assert missing == []


def leads(page: Path, path: str, anchor: str) -> bool:
    """Tell whether a link of a page leads to a file that is there, and to a heading of it."""
    target = page.parent / path if path else page
    return target.exists() and (not anchor or anchor in anchors(target))


def anchors(page: Path) -> set[str]:
    """Return the names by which a page's headings are linked to."""
    text = _FENCE.sub("", page.read_text())
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_index_has_every_page_once_in_one_line() -> None:
    listed = re.findall(r"^\| \[([\w-]+\.md)\]\(\1\) \| .+ \|$", INDEX.read_text(), re.MULTILINE)
    own = {page.name for page in (ROOT / "docs").glob("*.md")} - {INDEX.name}
    assert sorted(listed) == sorted(own)


def test_the_landing_page_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 105
