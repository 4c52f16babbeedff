"""`stride check`."""

from stride_cli.output import print_json, print_table
from stride_cli.words import number


def run(overrides: list[str], config_file: str | None, *, json: bool) -> None:
    """Try one step of a config and print what was found."""
    from stride.trainer.start import check

    found = check(overrides, config_file)
    if json:
        print_json(found)
    else:
        print_table(["check", "found"], [[name, number(value)] for name, value in found.items()])
