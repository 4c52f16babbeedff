"""The page of a report: whole in one file, escaped, and to be read without eyes."""

import re
from html.parser import HTMLParser

from stride.sweeps.report.page import page, write_page
from stride.sweeps.report.report import report
from tests.sweeps.report.made import LR, MIXED, NAME, SEARCH, make_sweep

EVIL = "<script>alert('x')</script>"


class Page(HTMLParser):
    """Collect the elements of a page, and refuse what is not closed."""

    VOID = frozenset({"meta", "link", "img", "br"})

    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.texts = [], [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


def test_it_holds_all_of_the_report_and_needs_nothing_else(tmp_path):
    paths = make_sweep(tmp_path, {"search": SEARCH}, MIXED)
    path = write_page(report(paths))
    assert path == paths.page == paths.path / "report" / "report.html"
    text = path.read_text()
    made, words = Page(text), " ".join(Page(text).texts)
    assert "best: validation/epoch_loss 0.4; trial 1, run 1" in words
    assert "optimizer=SGD" in words and "model_kwargs.hidden=[64,64]" in words
    for title in ("Configurations", "Importances", "History", "Slices", "Failed trials"):
        assert title in words
    assert "none: 2 complete trials have a finite value, and 10 are needed" in words
    assert not re.findall(r"https?://|<script|url\(", text)
    sources = [image["src"] for image in made.all("img")]
    assert len(sources) == 4 and all(one.startswith("data:image/png;base64,") for one in sources)
    assert "default-src 'none'" in text


def test_it_can_be_read_without_eyes_and_without_a_mouse(tmp_path):
    made = Page(page(report(make_sweep(tmp_path, {"search": SEARCH}, MIXED))))
    assert made.all("html") == [{"lang": "en"}]
    assert all(image["alt"] for image in made.all("img"))
    assert all(head["scope"] == "col" for head in made.all("th"))
    scrolled = [one for one in made.all("div") if one["class"] == "panel"]
    assert all(one["tabindex"] == "0" and one["aria-label"] for one in scrolled)
    names = {one["id"] for one in made.all("h2")}
    assert {one["aria-labelledby"] for one in made.all("section") if len(one) == 1} == names
    assert "prefers-color-scheme: dark" in page(
        report(make_sweep(tmp_path / "2", {"search": SEARCH}, []))
    )


def test_every_text_is_escaped(tmp_path):
    search = {NAME: {"type": "choice", "values": [EVIL, "SGD"]}, LR: SEARCH[LR]}
    trials = [
        {"overrides": {NAME: EVIL, LR: 1e-2}, "value": 0.5},
        {"overrides": {NAME: "SGD", LR: 1e-2}, "state": "failed", "error": f"{EVIL}\x1b[2J"},
    ]
    text = page(report(make_sweep(tmp_path, {"search": search}, trials)))
    assert "<script" not in text and "\x1b" not in text
    assert "&lt;script&gt;alert" in text and r"\x1b[2J" in text
