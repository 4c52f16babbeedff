"""`stride path`."""

from stride_cli.address import find


def run(text: str) -> None:
    """Print the absolute path of a run's folder."""
    print(find(text).resolve())
