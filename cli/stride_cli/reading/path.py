"""`stride path`."""

from stride_cli.address import find
from stride_cli.output import print_path


def run(text: str) -> None:
    """Print the absolute path of a run's folder."""
    print_path(find(text).resolve())
