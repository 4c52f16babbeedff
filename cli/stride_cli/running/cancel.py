"""`stride cancel`."""

import sys

from stride_cli.address import find


def run(text: str) -> None:
    """End the job of a run, and print its folder."""
    folder = find(text)

    from stride.launch.jobs import cancel

    print(f"cancelled job {cancel(folder)}", file=sys.stderr)
    print(folder)
