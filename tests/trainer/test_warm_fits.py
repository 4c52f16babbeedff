"""What a process has read for a run is read again for the next where it is another by then."""

import subprocess
import sys

import pytest

from stride.data.files.read_cache import CACHE

WHOLE = {"val_fraction": 0.0, "test_fraction": 0.0, "subsample_rate": 1}


def halve(x):
    return x.mul_(0.5)


@pytest.mark.parametrize("data", [{}, WHOLE])
def test_a_transform_that_writes_in_place_reaches_no_later_run(make, data):
    trainer = make(
        dataset_kwargs={"transform": halve, **data},
        training_config={"max_epochs": 1, "max_steps": 3},
    )
    digests = []
    for number in range(3):
        if number == 2:
            CACHE.clear()
        trainer.fit()
        digests.append(trainer.results["weights_sha256"])
    assert len({*digests}) == 1


NET = """
import torch

class Net(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.layer = torch.nn.Linear(64, 10)

    def forward(self, x):
        return self.layer(x.flatten(1))
"""


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Give a repository, which is the current folder, with a network in a module of its own."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "edited_twice.py").write_text(NET)
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    yield folder
    monkeypatch.delitem(sys.modules, "edited_twice")


def test_a_file_that_is_edited_between_two_runs_is_seen(make, repository):
    trainer = make(
        model_kwargs={"model_name": "edited_twice:Net"}, training_config={"max_steps": 1}
    )
    texts = [NET, NET + "# a note\n", NET + "more = 1\n", NET.replace("(x.", "(-x.")]
    patches, modules, sources = [], [], []
    for text in texts:
        (repository / "edited_twice.py").write_text(text)
        trainer.fit()
        patch, provenance = trainer.run.paths.code_patch, trainer.run.provenance
        patches.append(patch.read_text() if patch.exists() else "")
        modules.append(provenance["modules"]["edited_twice"])
        sources.append(provenance["sources"].get("network"))
    added = ["", "+# a note", "+more = 1", "+        return self.layer(-x.flatten(1))"]
    assert [line in patch for patch, line in zip(patches, added, strict=True)] == [True] * 4
    assert not patches[0] and len({*modules}) == 4
    # The class that trains is the one that was imported: of the last file it is not.
    assert sources == [sources[0]] * 3 + [None] and sources[0]
