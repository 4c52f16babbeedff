"""Write pictures as files, and show them in a page: small, and each whole when it is chosen."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from stride.benchmark.overview.pictures.picture import Picture
from stride.figures import picture
from stride.pages.page import escaped, image, whole_page
from stride.runs.files.atomic import atomic_write
from stride.runs.files.durable import os_errors_as
from stride.runs.files.safe_open import require_inside
from stride.runs.layout import OverviewPaths


def write_overview(paths: OverviewPaths, title: str, body: Iterable[str]) -> Path:
    """Write a page of which `gallery` gives a part; return its path.

    Whole files are replaced, and nothing is deleted.

    Args:
        paths: of the files.
        title: of the window.
        body: of the page; what it draws on its way is written before the page.
    """
    style = files("stride.benchmark.overview").joinpath("gallery.css").read_text("utf-8")
    atomic_write(paths.page, whole_page(title, body, style=style))
    return paths.page


def gallery(
    paths: OverviewPaths, pictures: Iterable[Picture], *, small: bool = False
) -> Iterator[str]:
    """Yield pictures for a page, and write each as PNG and PDF as it comes.

    Args:
        paths: of the files.
        pictures: in their order.
        small: whether more of them stand side by side.

    Raises:
        RunError: the folder of the pictures is a link that leads out of where it stands.
        StrideError: a file cannot be written, naming it.
    """
    require_inside(str(paths.folder), str(paths.folder.parent))
    with os_errors_as("cannot write", paths.folder):
        paths.folder.mkdir(exist_ok=True)
    yield '<div class="gallery small">' if small else '<div class="gallery">'
    for one in pictures:
        yield from _figure(one, _save(paths, one))
    yield "</div>"


def _save(paths: OverviewPaths, one: Picture) -> bytes:
    """Write both files of a picture; return the bytes of the PNG."""
    png = picture(one.figure, "png")
    one.figure.set_layout_engine("none")  # what has its place now keeps it
    atomic_write(paths.picture(one.name, "png"), png)
    atomic_write(paths.picture(one.name, "pdf"), picture(one.figure, "pdf"))
    return png


def _figure(one: Picture, png: bytes) -> Iterator[str]:
    """Yield a picture that fills the window when its link is followed, until it is closed."""
    title, name = escaped(one.title), escaped(one.name)
    yield f'<div id="{name}"><figure class="panel" id="whole-{name}">'
    yield f'<a class="close" href="#{name}">close</a>'
    yield f'<a class="open" href="#whole-{name}" aria-label="{title}, whole">'
    yield f"{image(png, f'{one.title}: {one.words}')}</a>"
    yield f"<figcaption><b>{title}:</b> {escaped(one.words)}</figcaption></figure></div>"
