"""A process that has torch and STRIDE loaded, and forks one that trains in a moment.

Started as a program it reads tasks, one JSON object a line, and answers each by a line. A fork is
sound as long as torch has not begun to use threads in the process that forks: it has one here.
"""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, Self

from stride_cli.errors import report

ROOT = Path(__file__).parents[2]
TRAINING = "tests.integration.everything"


class Forkserver:
    """Start children that call a function of `everything`, and wait for their ends."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-W", "error", "-m", "tests.integration.forkserver"]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )

    def start(self, function: str, *arguments: Any, log: Path, **named: Any) -> int:
        """Start a child in the log's folder; return its process id.

        Args:
            function: of `everything`; or `module:function`.
            arguments: what JSON can hold.
            log: where stdout and stderr go, after what is there.
            named: further arguments.
        """
        task = {"function": function, "arguments": arguments, "named": named, "log": str(log)}
        return int(self._ask(task)["pid"])

    def wait(self, pid: int) -> int:
        """Wait for a child's end; return its exit code, or the signal's number below zero.

        Of an error it is that of the command line.
        Until then no other process gets its id: a kill cannot hit a stranger.
        """
        return int(self._ask({"wait": pid})["code"])

    def stopped(self, pid: int) -> bool:
        """Wait until a child is stopped or has ended; tell whether it is stopped."""
        return bool(self._ask({"stopped": pid})["stopped"])

    def call(self, function: str, *arguments: Any, log: Path, **named: Any) -> int:
        """Start a child and wait for its end."""
        return self.wait(self.start(function, *arguments, log=log, **named))

    def load(self, module: str) -> None:
        """Load a module, so that no child has to."""
        self._ask({"load": module})

    def where(self) -> str:
        """Return where in the training the last child was seen."""
        return str(self._ask({"where": True})["where"])

    def __enter__(self) -> Self:
        self.where()  # it has loaded everything when it answers
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def _ask(self, task: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(task) + "\n")
        stdin.flush()
        answer: dict[str, Any] = json.loads(stdout.readline())
        return answer


def serve() -> None:
    """Answer tasks until there are no more."""
    import torch

    torch.set_num_threads(1)
    training = import_module(TRAINING)
    for line in sys.stdin:
        task = json.loads(line)
        if "wait" in task:
            answer: dict[str, Any] = {"code": _exit_code(task["wait"])}
        elif "stopped" in task:
            answer = {"stopped": _is_stopped(task["stopped"])}
        elif "load" in task:
            answer = {"loaded": import_module(task["load"]).__name__}
        elif "where" in task:
            answer = {"where": training.where()}
        else:
            training.at("start")
            answer = {"pid": os.fork() or _child(training, task)}
        print(json.dumps(answer), flush=True)


def _exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _is_stopped(pid: int) -> bool:
    """Wait until a child is stopped or has ended; its end can still be waited for."""
    found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    return found is not None and found.si_code == os.CLD_STOPPED


def _child(training: Any, task: dict[str, Any]) -> int:
    """Do the task and end the process; nothing is returned."""
    code = 70
    try:
        _redirect(task["log"])
        module, _, name = task["function"].rpartition(":")
        function = getattr(import_module(module) if module else training, name)
        code = function(*task["arguments"], **task["named"]) or 0
    except Exception as error:
        code = report(error, debug=True)  # as the command line does
    finally:
        sys.stderr.flush()
        sys.stdout.flush()
        os._exit(code)


def _redirect(log: str) -> None:
    os.chdir(Path(log).parent)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)


if __name__ == "__main__":
    serve()
