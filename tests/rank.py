"""One rank of the tests' pool of processes: call functions of test modules, together with peers.

Processes are started afresh and kept, since torch takes a second to load, and since gloo does not
always connect where processes were forked.
"""

import importlib.util
import os
import pickle
import sys
import traceback
from contextlib import nullcontext
from itertools import count
from multiprocessing.connection import Connection

import torch

from stride import distributed
from stride.distributed import kv_store

VARIABLES = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def serve(connection: Connection) -> None:
    """Answer calls until the other side closes."""
    while True:
        try:
            variables, path, name, function, content, seconds = connection.recv()
        except EOFError:
            return
        answer = _answer(variables, path, name, function, content, seconds)
        connection.send_bytes(pickle.dumps(answer))  # torch would send handles of its tensors


def _answer(variables, path, name, function, content, seconds):
    os.environ.update(variables)
    kv_store._stores.clear()
    kv_store._silent.clear()
    kv_store._rooms = count()
    try:
        module = _module(path, name)
        arguments, options = pickle.loads(content)
        with distributed.process_group(timeout=seconds) if seconds else nullcontext():
            return getattr(module, function)(*arguments, **options), ""
    except BaseException:
        return None, traceback.format_exc()


def _module(path, name):
    """Import a test file under the name that pytest gives it, so that its classes are found."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


if __name__ == "__main__":
    torch.set_num_threads(1)
    serve(Connection(int(sys.argv[1])))
