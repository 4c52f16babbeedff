"""`stride cancel`."""

from stride_cli.address import find
from stride_cli.output import print_path, tell


def run(text: str) -> None:
    """End the job of a run, and print its folder."""
    folder = find(text)

    from stride.launch.jobs import cancel

    tell(f"cancelled job {cancel(folder)}")
    print_path(folder)
