"""Call git, and run nothing that a repository itself names: hooks, monitors, filters, transports.

The owner of a repository may have set any program in `.git/config`, for git to run when somebody
asks for the status or checks a commit out. What the user's own config names (git-lfs) is run.
"""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

_ALWAYS = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
_LISTING = ("config", "--list", "--show-scope", "--null")
# Keys that name programs of git and git-lfs, in what is called here; `diff` is told not to.
_PROGRAMS = (
    "filter.",
    "lfs.customtransfer.",
    "lfs.extension.",
    "lfs.standalonetransferagent",
    "core.askpass",
    "core.sshcommand",
    "credential.",
)

# A loader's worker that another thread forks meanwhile would keep git's pipes open, and git would
# be waited for as long as the worker lives.
_STARTING = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_STARTING.acquire,
        after_in_parent=_STARTING.release,
        after_in_child=_STARTING.release,
    )


class GitFailed(Exception):
    """Carry the reason why git gave no answer."""


class Git:
    """Call git in one folder, all calls together within one deadline.

    Args:
        folder: any folder of the repository.
        timeout: seconds for all calls together, None for no deadline.
    """

    def __init__(self, folder: Path, timeout: float | None = None) -> None:
        self.folder, self.timeout = folder, timeout
        self.environment = {
            **os.environ,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": "none",  # objects that are not here would be fetched
            "LC_ALL": "C",
        }
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._options: list[str] | None = None

    def __call__(self, *arguments: str, data: bytes | None = None) -> bytes:
        """Return what git prints, given data to read.

        Raises:
            GitFailed: it is missing, fails or hangs.
        """
        if self._options is None:
            self.run_nothing_of(self.folder)
        return self._call(self.folder, arguments, data)

    def run_nothing_of(self, folder: Path) -> None:
        """Switch off, in all further calls, the programs that the repository of a folder names.

        Raises:
            GitFailed: as by a call.
        """
        listing = self._call(folder, _LISTING)
        self._options = [*(self._options or ()), *_switched_off(listing)]

    def _call(self, folder: Path, arguments: tuple[str, ...], data: bytes | None = None) -> bytes:
        options = (*_ALWAYS, *(self._options or ()), "--no-optional-locks", "-C", str(folder))
        pipe = subprocess.PIPE
        try:
            with _STARTING:
                # A session of its own, so that a hanging git is killed with its children. Without
                # a deadline it hears Ctrl-C like this process, and takes back what it has begun.
                process = subprocess.Popen(
                    ["git", *options, *arguments],
                    stdin=subprocess.DEVNULL if data is None else pipe,
                    stdout=pipe,
                    stderr=pipe,
                    env=self.environment,
                    start_new_session=self.timeout is not None,
                )
            with process:
                return self._output_of(process, data)
        except FileNotFoundError:
            raise GitFailed("git is not on the PATH") from None
        except OSError as error:
            raise GitFailed(f"git does not start: {error.strerror}") from None

    def _output_of(self, process: "subprocess.Popen[bytes]", data: bytes | None) -> bytes:
        left = None if self._deadline is None else max(0, self._deadline - time.monotonic())
        try:
            output, errors = process.communicate(data, timeout=left)
        except subprocess.TimeoutExpired:
            raise GitFailed(f"git gave no answer within {self.timeout:g} s") from None
        finally:
            if self.timeout is not None:
                _kill(process)
        if process.returncode:
            lines = errors.decode(errors="replace").strip().splitlines() or ["no message"]
            raise GitFailed(lines[0].removeprefix("fatal: "))
        return output


def _switched_off(listing: bytes) -> list[str]:
    """Return options that give the repository's own programs the user's value, or none.

    Args:
        listing: what `git config` told: scope and "key\\nvalue" in turns, ended by NUL.
    """
    own: set[str] = set()
    users: dict[str, str] = {}
    fields = [os.fsdecode(field) for field in listing.split(b"\0")]
    for scope, entry in zip(fields[::2], fields[1::2], strict=False):
        key, _, value = entry.partition("\n")
        if key.startswith(_PROGRAMS):
            if scope in ("local", "worktree"):
                own.add(key)
            else:
                users[key] = value
    if any("=" in key for key in own):  # it would be cut there
        raise GitFailed("the repository's own config has a key with '=' that names a program")
    return [word for key in sorted(own) for word in ("-c", f"{key}={users.get(key, '')}")]


def _kill(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    if hasattr(os, "killpg"):
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
