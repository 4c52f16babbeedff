"""The model card of a run: its numbers, its words, and what it leaves to its author."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from stride.errors import RunError, StrideError, UserError
from stride.report.card.blocks import TO_WRITE
from stride.report.card.card import card, write_card
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.run import Run
from tests.exchange.imports.sources import RECORDED, imported

HOSTILE = "<img src=x onerror=alert(1)> | **b** `c` [d](http://e) \n# f\n---"

CNN = {"network": "stride.models.cnn:CNN"}


def parts(text: str) -> tuple[dict[str, Any], str]:
    """Return the metadata of a card, and its Markdown."""
    _, metadata, rest = re.split("^---$", text, maxsplit=2, flags=re.MULTILINE)
    return YAML(typ="safe", pure=True).load(metadata), rest


def change(path: Path, **values: Any) -> None:
    record = read_json(path)
    atomic_json(path, {**record, **values})


def test_the_metadata_has_each_number_whole(make_run) -> None:
    paths = make_run(loss=1 / 3, classes=CNN, samples={"train": 80, "val": 10, "test": 10})
    found, _ = parts(card(paths.path))
    assert found["library_name"] == "stride-trainer"
    assert {"pytorch", "supervised-learning", "CNN"} <= {*found["tags"]}
    assert "safetensors" not in found["tags"] and found["metrics"] == ["accuracy"]
    (model,) = found["model-index"]
    assert model["name"] == "CNN on digits"
    by_split = {one["dataset"]["split"]: one for one in model["results"]}
    values = {
        split: {metric["type"]: metric["value"] for metric in one["metrics"]}
        for split, one in by_split.items()
    }
    results = Run(paths.path).results
    assert values == {
        "validation": {"loss": results["best"]["validation/epoch_loss"]},
        "test": {
            "loss": results["test"]["test/loss"],
            "accuracy": results["test"]["test/accuracy"],
        },
    }
    assert {one["task"]["type"] for one in model["results"]} == {"classification"}


def test_results_stand_beside_the_size_of_their_split(make_run) -> None:
    paths = make_run(samples={"train": 1257, "val": 270, "test": 1270}, data_fingerprint="f00d")
    _, text = parts(card(paths.path))
    assert "| validation | 270 | loss | 0.5 |" in text
    assert "| test | 1,270 | accuracy | 0.95 |" in text
    assert "- **Samples:** train 1,257, val 270, test 1,270\n- **Fingerprint:** `f00d`" in text
    assert "epoch 5, step 50, where validation/epoch\\_loss was smallest" in text
    assert "| 1 | 10 | 0.5 | 4.5 |" in text and "| 5 | 50 | 0.1 | 0.5 |" in text


def test_settings_are_those_that_differ_from_the_defaults(make_run) -> None:
    _, text = parts(card(make_run(lr=0.25, seed=3).path))
    table = text.partition("Settings that differ")[2].partition("###")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")][2:]
    assert rows == ["| seed | 3 |", "| optimizer\\_kwargs.lr | 0.25 |"]


def test_the_same_over_seeds(make_run) -> None:
    alone = make_run(seed=0, loss=0.5)
    for seed in (1, 2):
        make_run(seed=seed, lr=7.0, loss=9.0)
    assert "Over seeds" not in card(alone.path)
    for seed, loss in [(1, 0.75), (2, 1.0)]:
        make_run(seed=seed, loss=loss)
    make_run(seed=3, loss=0.0, state="failed")
    text = card(alone.path)
    # Student's quantile of two degrees of freedom, 4.303, times 0.25 / sqrt(3)
    assert "| validation/epoch\\_loss | 0, 1, 2 | 0.75 | 0.25 | \\[0.13, 1.37\\] |" in text


@pytest.mark.parametrize("state", ["failed", "stopped", "interrupted"])
def test_a_run_that_is_not_done_says_so_first(make_run, state: str) -> None:
    paths = make_run(loss=None, state=state, reason="out of <memory>", classes=CNN)
    _, text = parts(card(paths.path))
    title, warning, *_ = text.strip().split("\n\n")
    assert title == "# CNN on digits"
    assert f"not done. Its status is {state}: out of \\<memory\\>.**" in warning
    assert "No weights were kept" in text and "Nothing was measured" in text
    assert "stride reproduce" not in text and "in one go" not in text


def test_a_run_of_episodes_is_one_of_its_environment(make_run) -> None:
    paths = make_run()
    values = {"env_name": "CartPole-v1", "algorithm": "SAC", "test_episodes": 40}
    config = read_json(paths.config)
    change(paths.config, trainer="rl", rl_config={**config["rl_config"], **values})
    change(paths.results, test={"test/return": 94.5})
    change(paths.status, metrics=None)
    found, text = parts(card(paths.path))
    assert {"reinforcement-learning", "SAC", "CartPole-v1"} <= {*found["tags"]}
    assert found["model-index"][0]["name"] == "SAC on CartPole-v1"
    assert found["model-index"][0]["results"][-1]["task"]["type"] == "reinforcement-learning"
    assert "| test | 40 | return | 94.5 |" in text and "- **Environment:** CartPole-v1" in text


def test_labels_that_were_asked_for_are_counted(make_run) -> None:
    paths = make_run()
    paths.rounds.write_text("".join(json.dumps({"labelled": n}) + "\n" for n in (10, 20, 30)))
    assert "- **Labels:** 30, after 2 queries by EntropySampling" in card(paths.path)


def test_an_imported_run_has_what_its_tool_recorded(tmp_path: Path) -> None:
    path = imported(RECORDED / "lightning" / "version_0", tmp_path / "w").path
    found, text = parts(card(path))
    assert [*found] == ["model-index"] and found["model-index"][0]["name"] == "Lightning: version_0"
    assert "Hyperparameters:" in text and "| hyperparameters.lr | 0.0625 |" in text
    assert (
        "- **Recorded by another tool:** Lightning: version\\_0" in text
        and "- **Files:** whole" in text
    )
    for word in ("work\\_dir", "stride reproduce", "Interruptions", "load_run", "Hardware"):
        assert word not in text


def test_what_was_proven_is_told(make_run) -> None:
    paths = make_run(git={"commit": "c" * 40, "dirty": True})
    uuid = Run(paths.path).status["uuid"]
    parent = {"uuid": uuid, "run": str(paths.path), "relation": "reproduction"}
    again = make_run(parent=parent)
    record = {"format_version": 1, "original": "w/0", "uuid": uuid, "identical": True, "steps": 60}
    atomic_json(again.reproduction, {**record, "weights": "identical"})
    segment = read_json(paths.segment(0)) | {"n": 1, "from_step": 20}
    fidelity = {"exact": ["model"], "inexact": {"my_loader": "has no state_dict"}}
    atomic_json(paths.segment(1), {**segment, "fidelity": fidelity})
    change(paths.status, segment=1)
    text = card(paths.path)
    assert "run 1 is bit-identical over 60 steps, weights identical" in text
    assert "resumed at step 20; not all was restored exactly: my\\_loader: has no" in text
    assert f"{'c' * 40} with uncommitted changes" in text
    assert f"reproduction of `{paths.path}`" in card(again.path)


def test_a_damaged_file_is_told(make_run) -> None:
    paths = make_run()
    paths.checkpoint_index.unlink(missing_ok=True)
    assert "**Files:** not whole when this was written" in card(paths.path)


def test_no_text_of_the_folder_means_more_than_itself(make_run) -> None:
    paths = make_run(
        "hostile",
        reason=HOSTILE,
        state="failed",
        command=["stride", "```", HOSTILE],
        devices=[HOSTILE],
    )
    config = read_json(paths.config)
    config["dataset_kwargs"] |= {"dataset_name": HOSTILE, HOSTILE: HOSTILE}
    config["model_kwargs"] |= {"model_name": f"a`b:{HOSTILE}"}
    atomic_json(paths.config, config)
    change(
        paths.provenance, samples={HOSTILE: 3}, data_fingerprint=f"``{HOSTILE}", platform=HOSTILE
    )
    Run(paths.path).set_note(HOSTILE)
    found, text = parts(card(paths.path))
    assert found["model-index"][0]["results"][0]["dataset"]["name"].startswith("<img src=x")
    shown = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<img" not in shown and "<a " not in shown and "<hr" not in shown
    titles = re.findall("<h([123])>", shown)
    assert titles.count("1") == 1 and shown.count("<strong>b</strong>") == 0
    assert len(re.findall("<pre>", shown)) == 1  # the command; there are no weights to load


def test_no_secret_is_in_it(make_run) -> None:
    paths = make_run(origins={"dataset_kwargs.api_key": "override 1"})
    config = read_json(paths.config)
    config["dataset_kwargs"]["api_key"] = "s3cret"
    atomic_json(paths.config, config)
    text = card(paths.path)
    assert "s3cret" not in text and r"| dataset\_kwargs.api\_key | \*\*\* |" in text


def test_what_only_the_author_knows_is_marked(make_run) -> None:
    text = card(make_run(classes=CNN).path)
    assert text.count(f"> **{TO_WRITE}**") == 5
    assert "license" not in text.partition("# CNN")[0]


def test_a_run_without_config_has_no_card(make_run) -> None:
    paths = make_run()
    paths.config.unlink()
    with pytest.raises(RunError, match="without a config"):
        card(paths.path)
    change(paths.status, format_version=99)
    with pytest.raises(StrideError, match="99"):
        card(paths.path)


def test_a_card_that_is_there_stays_what_it_is(tmp_path: Path) -> None:
    write_card("new\n", tmp_path / "card.md")
    with pytest.raises(UserError, match="it is there already"):
        write_card("other", tmp_path / "card.md")
    assert (tmp_path / "card.md").read_text() == "new\n"
    with pytest.raises(UserError, match="mkdir -p"):
        write_card("new", tmp_path / "none" / "card.md")
