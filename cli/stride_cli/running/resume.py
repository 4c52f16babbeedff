"""`stride resume`."""

from stride_cli.address import find_together
from stride_cli.running.early import refuse_mistakes_on
from stride_cli.running.start import ending_with_folder


def run(
    text: str,
    overrides: list[str],
    data_root: str | None,
    *,
    budget: str | None,
    trust: bool,
) -> None:
    """Go on with a run where it was left, and print its folder."""
    folder = find_together(text)
    refuse_mistakes_on(folder, overrides, budget)

    from stride.trainer import commands

    with ending_with_folder() as ended:
        commands.resume(folder, overrides, data_root, budget=budget, trust=trust, ended=ended)
