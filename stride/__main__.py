"""Make `python -m stride` the same program as `stride`."""

import sys


def main() -> None:
    """Run the command line; files in the current folder are modules only where no other is."""
    if not sys.flags.safe_path:  # else a `json.py` beside the data would be run as Python's own
        sys.path.append(sys.path.pop(0))
    from stride_cli.app import main as run

    run()


if __name__ == "__main__":
    main()
