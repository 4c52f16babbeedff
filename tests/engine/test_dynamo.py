"""Small trainings do not load the compiler; whoever asks for it later gets the real one."""

import os
import shutil
import subprocess
import sys

import pytest

CODE = """
import sys, torch
from stride.engine.dynamo import keep_dynamo_out
keep_dynamo_out()
p = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.AdamW([p])
(p * 2).sum().backward()
optimizer.step(); optimizer.zero_grad(); optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo.eval_frame" not in sys.modules, "loaded by an optimiser"
import torch._dynamo.config
assert "torch._dynamo.eval_frame" in sys.modules
assert torch._dynamo is sys.modules["torch._dynamo"]
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)).item() == 2
optimizer.step(); optimizer.state_dict()
print("fine")
"""


@pytest.fixture
def said(warm, tmp_path):
    """Return what runs a script where no compiler is loaded yet, and gives what it prints."""

    def run(code, **variables):
        (tmp_path / "script.py").write_text(code)
        environment = {**os.environ, "PYTHONWARNINGS": "ignore", **variables}
        done = warm.python("script.py", folder=tmp_path, environment=environment)
        return done.stdout.strip() or done.stderr

    return run


def test_optimizers_work_without_the_compiler_and_the_compiler_after_them(said):
    assert said(CODE) == "fine"


TRAINED = """
import sys
from stride import Trainer
Trainer(
    work_dir=sys.argv[1],
    model_kwargs={"model_name": "MLP"},
    training_config={"max_steps": 1},
).fit()
print({"torch._dynamo.eval_frame", "sympy"} & set(sys.modules))
"""


def test_a_training_loads_neither_the_compiler_nor_its_symbols(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", TRAINED, str(tmp_path)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ["set()"], done.stderr


OTHER = """
from stride.engine.dynamo import keep_dynamo_out
keep_dynamo_out()
import torch.distributed.checkpoint  # looks at all modules on its way
print("fine")
"""


def test_who_looks_at_all_modules_gets_no_half_made_compiler(said):
    assert said(OTHER) == "fine"


COMPILED = """
import copy, torch
from torch import nn
from torch._dynamo.utils import counters
from stride.engine.dynamo import compile_calls
plain = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
network = copy.deepcopy(plain)
compile_calls(network)
inputs = torch.ones(5, 3)
for one in (plain, network):
    one(inputs).sum().backward()
assert counters["stats"]["unique_graphs"] == 1, counters
for mine, theirs in zip(network.parameters(), plain.parameters()):
    torch.testing.assert_close(mine.grad, theirs.grad)
assert network.state_dict().keys() == plain.state_dict().keys()
print("fine")
"""


@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles by g++")
def test_a_network_made_of_torch_s_own_parts_is_compiled_too(said, tmp_path):
    # What torch has kept elsewhere may be of other instructions than this process uses.
    assert said(COMPILED, TORCHINDUCTOR_CACHE_DIR=str(tmp_path)) == "fine"


SHAPES = """
import torch
from torch import nn
from stride.engine.dynamo import compile_calls
for fixed in (False, True):
    network = nn.Sequential(nn.Linear(3, 2))
    vary = compile_calls(network, fixed=fixed, backend="eager")
    network(torch.ones(5, 3))
    with torch.inference_mode():
        network.eval()(torch.ones(5, 3))
    assert not vary(), fixed
    network.train()(torch.ones(4, 3))
    assert vary() is not fixed
print("fine")
"""


def test_kernels_that_depend_on_the_batches_before_are_told(said):
    assert said(SHAPES) == "fine"
