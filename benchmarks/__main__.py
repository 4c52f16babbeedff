"""Measure everything and print one table: `python -m benchmarks [--only NAME] [--quick] [--json]`.

Goals that are missed do not change the exit code; parties that did not train the same do.
"""

import argparse
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module

from benchmarks.scale import Scale
from benchmarks.table import Row, render
from benchmarks.timing import ONE_THREAD, tell

Rows = Callable[[Scale], Iterator[Row]]

# Imported one by one: what measures the command line needs no torch.
GROUPS = {
    "step": "benchmarks.step:step_rows",
    "loader": "benchmarks.step:loader_rows",
    "values": "benchmarks.step:value_rows",
    "models": "benchmarks.step:model_rows",
    "epochs": "benchmarks.epochs:epoch_rows",
    "fits": "benchmarks.fits:fit_rows",
    "optimizers": "benchmarks.optimizers:optimizer_rows",
    "packs": "benchmarks.packs:pack_rows",
    "packed-runs": "benchmarks.packed_runs:packed_run_rows",
    "benchmark": "benchmarks.benchmarked:benchmark_rows",
    "startup": "benchmarks.startup:startup_rows",
    "listing": "benchmarks.listing:listing_rows",
    "deciding": "benchmarks.deciding:deciding_rows",
    "sweeps": "benchmarks.sweeps:sweep_rows",
    "scalars": "benchmarks.scalars:scalar_rows",
    "reports": "benchmarks.reports:report_rows",
    "curves": "benchmarks.curves:curve_rows",
    "display": "benchmarks.display:display_rows",
    "memory": "benchmarks.memory:memory_rows",
    "samples": "benchmarks.samples:sample_rows",
    "checkpoint": "benchmarks.checkpoint:checkpoint_rows",
    "fingerprints": "benchmarks.fingerprints:fingerprint_rows",
    "processes": "benchmarks.processes:process_rows",
    "queries": "benchmarks.queries:query_rows",
    "replay": "benchmarks.replay:replay_rows",
    "environments": "benchmarks.environments:environment_rows",
    "evidence": "benchmarks.evidence:evidence_rows",
    "volumes": "benchmarks.volumes:volume_rows",
    "reconstruction": "benchmarks.reconstruction:reconstruction_rows",
    "pages": "benchmarks.pages:page_rows",
    "overviews": "benchmarks.overviews:overview_rows",
    "reinforcement": "benchmarks.reinforcement:reinforcement_rows",
    "peers": "benchmarks.peers:peer_rows",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the groups that were asked for and print their rows."""
    options = _parse(arguments)
    os.environ |= ONE_THREAD  # before torch is loaded
    names = options.only or list(GROUPS)
    # Elsewhere, so that no run's provenance depends on the state of this checkout.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        rows = [row for name in names for row in _measure(name, Scale(options.quick))]
    if options.json:
        print(json.dumps({"machine": machine(), "rows": [r.to_json() for r in rows]}, indent=2))
    else:
        print(f"{render(rows)}\n\n{machine()}")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=GROUPS, help="a group; repeatable")
    parser.add_argument("--quick", action="store_true", help="try it; the figures mean nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    return parser.parse_args(arguments)


def _measure(name: str, scale: Scale) -> Iterator[Row]:
    tell(f"measuring {name} ...")
    module, _, function = GROUPS[name].partition(":")
    rows: Rows = getattr(import_module(module), function)
    yield from rows(scale)


def machine() -> str:
    """Say on what the figures were made, and how busy it was."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    python = ".".join(map(str, sys.version_info[:3]))
    return f"{os.cpu_count()} cores, one thread, load average {load}, Python {python}"


if __name__ == "__main__":
    main()
