"""One new process of a proof: build the training from its config, and do what the task says."""

import json
import sys
from pathlib import Path
from typing import Any

from stride.components import find
from stride.config import resolve_layers
from stride.distributed.parent_death import end_with_parent
from stride.trainer.proof.worker import Task, answer, work


def main(order: dict[str, Any]) -> None:
    """Do what is ordered, as `stride.trainer.proof.processes` writes it."""
    end_with_parent(order["parent"])

    def do() -> dict[str, Any]:
        config, overrides = order["config"], order["overrides"]
        resolved = resolve_layers(arguments=config, overrides=overrides)
        trainer = find("trainer", resolved.config.trainer)(config, overrides=overrides)
        return work(trainer, resolved, Task(**order["task"]) if order["task"] else None)

    answer(Path(order["answer"]), do)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
