"""What holds for all tests, and the means to test several processes."""

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from importlib.util import find_spec
from multiprocessing import Pipe
from pathlib import Path

import pytest
from hypothesis import settings

# An example's time is wall time: a busy machine can stop any of them beyond any deadline, and a
# second try, which is fast, then makes the failure a flaky one.
settings.register_profile("stride", deadline=None)
settings.load_profile("stride")


# The key by which tests sign their runs is none of the user's, here and in processes of theirs.
_STATE = os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="stride-state-")


def pytest_unconfigure():
    """Forget the key."""
    shutil.rmtree(_STATE, ignore_errors=True)


@pytest.fixture
def popen():
    """Give `subprocess.Popen`, whose processes end with the test, however that ends."""
    with ExitStack() as ends:

        def start(*arguments, **options):
            process = ends.enter_context(subprocess.Popen(*arguments, **options))
            ends.callback(process.kill)  # before Popen's own end, which waits
            return process

        yield start


@pytest.fixture(scope="module")
def one_thread():
    """Let torch use one thread: most tensors here are too small for more."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def server():
    """Give the process that has loaded torch and STRIDE, and forks those that train."""
    from tests.integration.forkserver import Forkserver

    with Forkserver() as server:
        yield server


@pytest.fixture(scope="session")
def warm(server):
    """Give what runs Python commands in forks of that process."""
    from tests.warm import Warm

    return Warm(server)


@pytest.fixture(scope="session")
def pool():
    """Give the processes that tests of several ranks share, started when they are asked for."""
    made = Pool()
    yield made
    made.close()


@pytest.fixture
def ranks(pool):
    """Call a test module's function in several processes that train together.

    They find each other by a launcher's variables, as under torchrun; `group=False` leaves the
    finding to the function. Each process's result is returned.
    """
    return pool.call


class Pool:
    """Processes that call functions of test modules."""

    SECONDS = 60  # after which ranks that wait for each other are a failure

    def __init__(self):
        self.members = []

    def call(self, world, function, *arguments, group=True, fails=False, **options):
        """Call the function on so many ranks; return what each gives, or how each failed."""
        from torch.distributed import TCPStore

        store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
        self.members += [self._start() for _ in range(world - len(self.members))]
        members = self.members[:world]
        module = sys.modules[function.__module__]
        call = (module.__file__, module.__name__, function.__name__)
        content = pickle.dumps((arguments, options))
        for rank, (_, connection) in enumerate(members):
            variables = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": world}
            variables |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": store.port}
            variables = {name: str(value) for name, value in variables.items()}
            connection.send((variables, *call, content, self.SECONDS if group else 0))
        answers = [self._receive(connection) for _, connection in members]
        failures = [error for _, error in answers if error]
        if failures:
            self.close()
        if fails:
            return [error for _, error in answers]
        assert not failures, "\n".join(failures)
        return [value for value, _ in answers]

    def _start(self):
        ours, theirs = Pipe()
        command = [sys.executable, str(Path(__file__).parent / "rank.py"), str(theirs.fileno())]
        agent = {"TORCHELASTIC_USE_AGENT_STORE": "True", "GLOO_SOCKET_IFNAME": "lo"}
        environment = {**os.environ, "OMP_NUM_THREADS": "1", **agent}
        process = subprocess.Popen(command, env=environment, pass_fds=[theirs.fileno()])
        theirs.close()
        return process, ours

    def _receive(self, connection):
        try:
            waited = connection.poll(2 * self.SECONDS)
            return pickle.loads(connection.recv_bytes()) if waited else (None, "no answer in time")
        except EOFError:
            return None, "a rank has died"

    def close(self):
        """End all processes."""
        for process, connection in self.members:
            connection.close()
            process.kill()
            process.wait()
        self.members = []


def pytest_itemcollected(item):
    """Let a test's report carry the fault that it is about, to another process too."""
    marker = item.get_closest_marker("fault")
    if marker is not None:
        item.user_properties.append(("fault", marker.args[0]))


def pytest_runtest_setup(item):
    """Skip what needs a package of others that is not here, and say how it is run."""
    for marker in item.iter_markers("ecosystem"):
        for package in marker.args:
            if find_spec(package) is None:
                pytest.skip(f"{package} is not installed; type: make test-ecosystem")


def pytest_terminal_summary(terminalreporter):
    """Print what the tests with faults have counted, also when all went well."""
    times, kills = Counter(), 0
    for report in terminalreporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", ()):
            if report.when == "call" and name == "faults":
                terminalreporter.write_line(f"faults: {value}")
            times[value] += name == "fault" and report.when == "call"
            kills += value if name == "kills" and report.when == "call" else 0
    for words, count in times.items():
        if count:
            terminalreporter.write_line(f"faults: {count} x {words}")
    if kills:
        terminalreporter.write_line(f"faults: {kills} random kills in all, no bit other")
