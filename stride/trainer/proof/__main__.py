"""One new process of a proof: build the training from its config, and do what the task says."""

import json
import sys
from pathlib import Path
from typing import Any

from stride.components import find
from stride.config import resolve_layers
from stride.distributed.parent_death import end_with_parent
from stride.trainer.proof.trial import Trial, answer, work


def main(task: dict[str, Any]) -> None:
    """Do a task, as `stride.trainer.proof.processes` writes it."""
    end_with_parent(task["parent"])

    def do() -> dict[str, Any]:
        config, overrides = task["config"], task["overrides"]
        resolved = resolve_layers(arguments=config, overrides=overrides)
        trainer = find("trainer", resolved.config.trainer)(config, overrides=overrides)
        return work(trainer, resolved, Trial(**task["trial"]) if task["trial"] else None)

    answer(Path(task["answer"]), do)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text()))
