"""One worker process of a sweep, as `stride.sweeps.processes` starts it."""

import json
import sys
from pathlib import Path
from typing import Any

from stride.distributed.parent_death import end_with_parent
from stride.engine.signals import Interrupted
from stride.errors import StrideError
from stride.runs.layout import SweepPaths
from stride.sweeps.joining import join
from stride.sweeps.sweep import open_sweep


def main(order: dict[str, Any]) -> int:
    """Work on the sweep that is ordered; return the exit code."""
    end_with_parent(order["parent"])
    try:
        how = {key: order[key] for key in ("trust", "pack", "workers")}
        join(open_sweep(SweepPaths(Path(order["sweep"]))), **how)
    except Interrupted as error:
        return error.exit_code
    except StrideError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
