"""Make `python -m stride` the same program as `stride`."""

from stride_cli.app import main

if __name__ == "__main__":
    main()
