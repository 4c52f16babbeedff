"""`stride overview`: one run, or a whole benchmark; it reads files alone, and loads no torch."""

from pathlib import Path

from stride_cli.output import print_path


def run(place: str) -> None:
    """Write the overview of a run or a work_dir, and print the path of its page."""
    from stride.runs.listing.places import is_run, is_work_dir

    if is_work_dir(Path(place)) and not is_run(place):
        print_path(_of_benchmark(place))
    else:
        from stride.benchmark.overview.run_page import write_run_overview
        from stride_cli.address import find

        print_path(write_run_overview(find(place)))


def _of_benchmark(work_dir: str) -> Path:
    from stride.benchmark.overview.benchmark_page import write_benchmark_overview
    from stride_cli.benchmarking.table import explained, read_results

    cells, found = read_results(work_dir, [], None, None)
    notes = [*explained(cells, found)]
    return write_benchmark_overview(Path(work_dir), cells, found, notes)
