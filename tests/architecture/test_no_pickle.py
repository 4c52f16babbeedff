"""Law 6: no file of a run folder is a pickle, or anything else that reading could execute."""

import io
import json
import pickle
import pickletools
import zipfile
from contextlib import suppress

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load

from stride import Trainer
from stride.callbacks.base import Callback
from stride.runs.layout import RunPaths


class Remembering(Callback):
    """Put values of many kinds into the checkpoints."""

    def state_dict(self):
        return {"tuple": (1, 2.5), "bytes": b"\x80\x04.", "tensor": torch.ones(3), 5: {"set", "s"}}

    def load_state_dict(self, state):
        pass


def kind_of(name, content):
    """Return how a file is read.

    Raises:
        ValueError: it is none of the kinds that a run folder has.
    """
    if zipfile.is_zipfile(io.BytesIO(content)) or is_pickle(content):
        raise ValueError(f"{name} is a pickle, or a zip as torch.save writes it")
    if name.endswith(".safetensors"):
        with suppress(SafetensorError):
            load(content)
            return "tensors"
        raise ValueError(f"{name} is no safetensors file")
    lines = content.decode().splitlines() if name.endswith(".jsonl") else [content.decode()]
    if name.endswith((".json", ".jsonl")):
        for line in lines:
            json.loads(line)
        return "json"
    return "text"


def is_pickle(content):
    """Tell whether the content is a sequence of pickle's operations, of whatever version."""
    try:
        operations = [op.name for op, _, _ in pickletools.genops(content)]
    except Exception:
        return False
    return operations[-1:] == ["STOP"]


def test_every_file_of_a_run_is_json_tensors_or_text(tmp_path):
    trainer = Trainer(
        tmp_path / "w",
        callbacks=[Remembering()],
        dataset_kwargs={"subsample_rate": 0.2, "normalize": "standard"},
        model_kwargs={"model_name": "MLP", "hidden": [16]},
        training_config={"max_epochs": 2, "log_interval": 2},
        checkpoint_config={"every_steps": 1, "keep_last": 9},
        logging_config={"terminal_display": "off", "loggers": ["csv"]},
    )
    trainer.fit()
    paths: RunPaths = trainer.run.paths
    files = {path: path.read_bytes() for path in paths.path.rglob("*") if path.is_file()}
    kinds = [kind_of(path.name, content) for path, content in files.items()]
    assert set(kinds) == {"json", "tensors", "text"}
    checkpoints = [path for path in files if paths.checkpoints in path.parents]
    assert len({path.parent for path in checkpoints}) > 3


def saved(how):
    file = io.BytesIO()
    how(file)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(pickle.dumps({"a": 1}, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)),
        saved(lambda file: torch.save({"a": torch.ones(2)}, file)),
        saved(
            lambda file: torch.save(
                {"a": torch.ones(2)}, file, _use_new_zipfile_serialization=False
            )
        ),
    ],
)
@pytest.mark.parametrize("name", ["a.safetensors", "a.json", "a.bin"])
def test_what_executes_would_be_found(name, content):
    with pytest.raises(ValueError):
        kind_of(name, content)
