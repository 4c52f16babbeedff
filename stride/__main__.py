"""Make `python -m stride` the same program as `stride`."""

import sys


def main() -> None:
    """Run the command line; the current folder is searched for import paths alone, and last."""
    if not sys.flags.safe_path:  # else a `json.py` beside the data would be run as Python's own
        del sys.path[0]
    from stride_cli.app import main as run

    run()


if __name__ == "__main__":
    main()
