"""`stride card`."""

from pathlib import Path

from stride_cli.address import find
from stride_cli.output import print_path, print_text


def run(text: str, out: str | None) -> None:
    """Print the model card of a run, or write it into a new file and print its path."""
    from stride.report.card.card import card, write_card

    written = card(find(text))
    if out is None:
        print_text(written)
        return
    write_card(written, Path(out))
    print_path(out)
