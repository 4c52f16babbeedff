"""Two runs are compared step by step, and told apart at the right one."""

import copy as copies
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from stride.errors import RunError
from stride.runs.files.atomic import atomic_json, read_json
from stride.runs.files.jsonl import LineFile
from stride.runs.layout import RunPaths
from stride.runs.provenance.config_digest import config_digest
from stride.runs.records.reproduction import ReproductionRecord
from stride.runs.reproduction.compare import compare_runs, last_fingerprinted_step
from stride.runs.reproduction.facts import changes, differences

COMPLETE = Path(__file__).parents[1] / "format_1" / "0"


@pytest.fixture
def runs(tmp_path: Path) -> tuple[RunPaths, RunPaths]:
    """Return two runs that are equal in all but their fingerprints, which they do not have yet."""
    for name in ("0", "1"):
        shutil.copytree(COMPLETE, tmp_path / "w" / name)
    return RunPaths(tmp_path / "w" / "0"), RunPaths(tmp_path / "w" / "1")


def hexadecimal(number: int) -> str:
    return f"{number:08x}"


def fingerprint(
    paths: RunPaths,
    losses: list[int],
    *,
    rows: int = 3,
    norms: list[int] | None = None,
    weights: dict[int, str] | None = None,
    first: int = 1,
    kind: str = "float32",
) -> None:
    """Write the bits of losses from step `first` on, so many steps a row."""
    paths.fingerprints.unlink(missing_ok=True)
    with LineFile(paths.fingerprints) as stream:
        for begin in range(0, len(losses), rows):
            span = range(first + begin, first + min(begin + rows, len(losses)))
            row: dict[str, Any] = {"step": first + begin}
            row["loss"] = f"{kind}:" + "".join(map(hexadecimal, losses[begin : begin + rows]))
            if norms is not None:
                row["norm"] = f"{kind}:" + "".join(map(hexadecimal, norms[begin : begin + rows]))
            row["weights"] = {str(s): w for s, w in (weights or {}).items() if s in span}
            stream.append([row])


def change(path: Path, **values: Any) -> None:
    atomic_json(path, read_json(path) | values)


LOSSES = list(range(100, 112))


def test_equal_runs_are_identical_wherever_their_rows_end(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES, rows=5)
    fingerprint(copy, LOSSES, rows=2)
    record = compare_runs(original, copy)
    assert (record.identical, record.steps, record.first_divergent_step) == (True, 12, None)
    assert (record.weights, record.largest_difference, record.causes) == ("identical", None, [])
    assert record.original == str(original.path)
    assert record.uuid == read_json(original.status)["uuid"]
    atomic_json(copy.reproduction, record.to_json())
    assert ReproductionRecord.read(copy.reproduction) == record


@pytest.mark.parametrize("step", [1, 3, 4, 12])
def test_the_first_step_whose_loss_differs(runs, step: int) -> None:
    original, copy = runs
    fingerprint(original, LOSSES, rows=5)
    fingerprint(copy, [*LOSSES[: step - 1], *(1 for _ in LOSSES[step - 1 :])], rows=3)
    record = compare_runs(original, copy)
    assert (record.identical, record.first_divergent_step, record.steps) == (False, step, 12)
    assert record.causes


def test_norms_and_digests_are_compared_where_both_have_them(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES, norms=LOSSES, weights={4: "a", 8: "b"})
    fingerprint(copy, LOSSES)
    assert compare_runs(original, copy).identical
    fingerprint(copy, LOSSES, norms=[*LOSSES[:9], 1, 1, 1])
    assert compare_runs(original, copy).first_divergent_step == 10
    fingerprint(copy, LOSSES, weights={8: "c"})
    assert compare_runs(original, copy).first_divergent_step == 8


def test_a_digest_may_stand_in_a_later_row_than_its_step(runs) -> None:
    original, copy = runs
    for paths, digest in ((original, "a"), (copy, "b")):
        fingerprint(paths, LOSSES)
        with LineFile(paths.fingerprints) as stream:
            stream.append([{"step": 13, "loss": "float32:", "weights": {"9": digest}}])
    record = compare_runs(original, copy)
    assert (record.first_divergent_step, record.steps) == (9, 12)
    assert compare_runs(original, copy, steps=8).identical


def test_equal_digits_of_another_type_are_other_bits(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES)
    fingerprint(copy, LOSSES, rows=4, kind="float16")
    assert compare_runs(original, copy).first_divergent_step == 1


def test_steps_whose_bits_the_original_lost_are_not_compared(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES[4:8], first=5)
    fingerprint(copy, LOSSES)
    record = compare_runs(original, copy)
    assert (record.identical, record.steps) == (True, 4)


def test_a_copy_that_lacks_steps_is_not_identical(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES)
    fingerprint(copy, LOSSES[:5])
    change(copy.status, state="failed", reason="boom")
    record = compare_runs(original, copy)
    assert (record.identical, record.steps, record.first_divergent_step) == (False, 5, 6)
    assert record.causes == ["the copy ended at step 5 of 12: failed: boom"]
    assert compare_runs(original, copy, steps=5).identical
    record = compare_runs(original, copy, steps=7)
    assert (record.identical, record.first_divergent_step) == (False, 6)
    assert record.causes == ["the copy ended at step 5 of 7: failed: boom"]
    fingerprint(copy, LOSSES[4:], first=5)
    assert compare_runs(original, copy).first_divergent_step == 1


def test_more_steps_than_the_original_has_are_not_asked_of_the_copy(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES[:5])
    fingerprint(copy, LOSSES[:5])
    assert compare_runs(original, copy, steps=8).identical


def test_runs_without_a_common_step_prove_nothing(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES)
    fingerprint(copy, LOSSES, first=100)
    record = compare_runs(original, copy)
    assert (record.identical, record.steps, record.first_divergent_step) == (False, 0, 1)


def test_only_the_first_steps_are_compared_when_asked_for(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES)
    fingerprint(copy, [*LOSSES[:7], *LOSSES[:5]])
    metrics(copy, "train/epoch_loss", 12, 9.0)
    assert compare_runs(original, copy, steps=7).identical
    assert compare_runs(original, copy, steps=7).steps == 7
    assert compare_runs(original, copy, steps=8).first_divergent_step == 8


def test_without_fingerprints_nothing_is_proven(runs) -> None:
    record = compare_runs(*runs)
    assert (record.identical, record.steps) == (False, 0)
    assert record.causes == ["no step could be compared: one of the runs has no fingerprints"]


def test_runs_without_a_step_are_proven_by_what_they_measured(runs) -> None:
    original, copy = runs
    for paths in runs:
        change(paths.results, last={"step": 0, "epoch": 0}, test={"test/vus_pr": 0.5})
        paths.metrics.write_text('{"step": 0, "epoch": 0, "time": 1.0, "validation/l1": 0.1}\n')
    record = compare_runs(original, copy)
    assert (record.identical, record.steps, record.causes) == (True, 0, [])
    assert not compare_runs(original, copy, steps=3).identical
    change(copy.results, test={"test/vus_pr": 0.5000001})
    assert compare_runs(original, copy).largest_difference.metric == "test/vus_pr"
    assert not compare_runs(original, copy).identical
    for paths in runs:  # nothing was measured
        change(paths.results, test={})
        paths.metrics.unlink()
    assert not compare_runs(original, copy).identical


def test_a_broken_row_is_told_by_its_line(runs) -> None:
    original, copy = runs
    fingerprint(original, LOSSES)
    fingerprint(copy, LOSSES)
    copy.fingerprints.write_text('{"step": 1, "loss": "float32:00"}\n')
    with pytest.raises(RunError, match=r"line 1: 2 digits.*w/1/fingerprints\.jsonl"):
        compare_runs(original, copy)
    copy.fingerprints.write_text('{"steps": 1, "loss": "float32:00000000"}\n')
    with pytest.raises(RunError, match="line 1: it is not a row of fingerprints"):
        compare_runs(original, copy)


def metrics(paths: RunPaths, name: str, step: int, value: Any) -> None:
    """Give a metric another value at one step."""
    rows = [json.loads(line) for line in paths.metrics.read_text().splitlines()]
    for row in rows:
        if row["step"] == step:
            row[name] = value
    paths.metrics.unlink()
    with LineFile(paths.metrics) as stream:
        stream.append(rows)


@pytest.mark.parametrize("step", [-1, True, "1", None, [1], 1.5])
def test_a_step_that_is_none_is_told(runs, step: Any) -> None:
    for paths in runs:
        fingerprint(paths, [1, 2, 3])
    one = read_json_line(runs[0].fingerprints)
    runs[0].fingerprints.write_text(json.dumps(one | {"step": step}) + "\n")
    with pytest.raises(RunError, match="line 1"):
        compare_runs(*runs)
    fingerprint(runs[0], [1, 2, 3])
    row = read_json_line(runs[0].metrics)
    for key in ("step", "epoch"):
        runs[0].metrics.write_text(json.dumps(row | {key: step}) + "\n")
        with pytest.raises(RunError, match="no step or epoch"):
            compare_runs(*runs)


def read_json_line(path: Path) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(path.read_text().splitlines()[0])
    return row


@pytest.fixture
def equal(runs) -> tuple[RunPaths, RunPaths]:
    for paths in runs:
        fingerprint(paths, LOSSES)
    return runs


def test_the_largest_difference_of_all_metrics(equal) -> None:
    original, copy = equal
    metrics(copy, "lr", 4, 0.002)
    metrics(copy, "validation/epoch_loss", 8, 2.0)
    metrics(copy, "only/here", 12, 99.0)
    record = compare_runs(original, copy)
    assert record.first_divergent_step is None and not record.identical
    found = record.largest_difference
    assert found is not None
    assert (found.metric, found.step, found.epoch) == ("validation/epoch_loss", 8, 2)
    assert found.values == (2.3624400986565486, 2.0)


def test_means_since_other_steps_are_not_compared(equal) -> None:
    original, copy = equal
    for step in (4, 8, 12):
        metrics(original, "train/loss", step, 1.0)
    metrics(copy, "train/loss", 8, 2.0)
    metrics(copy, "train/loss", 12, 1.0)
    assert compare_runs(original, copy).identical
    metrics(copy, "train/loss", 12, 3.0)
    found = compare_runs(original, copy).largest_difference
    assert found is not None and (found.metric, found.step) == ("train/loss", 12)


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        ("NaN", "NaN", False),
        ("Infinity", "Infinity", False),
        ("NaN", 1.0, True),
        (1.0, "NaN", True),
        ("Infinity", "-Infinity", True),
        (0.0, -0.0, False),
    ],
)
def test_values_that_are_no_numbers(equal, one: Any, other: Any, differs: bool) -> None:
    original, copy = equal
    metrics(original, "x", 4, one)
    metrics(copy, "x", 4, other)
    metrics(copy, "lr", 8, 1e300)
    found = compare_runs(original, copy).largest_difference
    assert found is not None and found.metric == ("x" if differs else "lr")


@pytest.mark.parametrize(
    ("name", "is_time"),
    [
        ("time", True),
        ("train/seconds", True),
        ("samples_per_second", True),
        ("epoch_time", True),
        ("io/step-time", True),
        ("lifetime", False),
        ("time/loss", False),
        ("forms", False),
    ],
)
def test_metrics_that_measure_time_are_set_aside(equal, name: str, is_time: bool) -> None:
    original, copy = equal
    metrics(original, name, 8, 1.0)
    metrics(copy, name, 8, 2.0)
    assert compare_runs(original, copy).identical is is_time


def test_two_rows_of_one_step_are_one(equal) -> None:
    original, copy = equal
    rows = [{"step": 13, "epoch": 4, "time": 1.0, name: 1.0} for name in ("a", "b")]
    with LineFile(original.metrics) as stream:
        stream.append(rows)
    with LineFile(copy.metrics) as stream:
        stream.append([rows[0] | rows[1] | {"a": 2.0}])
    found = compare_runs(original, copy).largest_difference
    assert found is not None and (found.metric, found.values) == ("a", (1.0, 2.0))


def test_the_weights_of_the_results_and_of_each_checkpoint(equal) -> None:
    original, copy = equal
    change(copy.results, weights_sha256="0" * 64)
    record = compare_runs(original, copy)
    assert (record.weights, record.identical) == ("different", False)
    assert compare_runs(original, copy, steps=12).weights == "identical"  # the checkpoint's
    checkpoint = copy.checkpoint(read_json(copy.checkpoint_index)["last"])
    files = read_json(checkpoint.record)["files"]
    for paths, digest in ((original, "1" * 64), (copy, "2" * 64)):  # a large model has several
        more = {"model-1.safetensors": {"sha256": digest, "size": 1}}
        change(paths.checkpoint(checkpoint.path.name).record, files=files | more)
    assert compare_runs(original, copy, steps=12).weights == "different"
    change(original.checkpoint(checkpoint.path.name).record, files=files)
    change(checkpoint.record, files=files)
    assert compare_runs(original, copy, steps=12).weights == "identical"
    files["model.safetensors"]["sha256"] = "1" * 64
    change(checkpoint.record, files=files)
    assert compare_runs(original, copy, steps=12).weights == "different"
    shutil.rmtree(checkpoint.path)
    assert compare_runs(original, copy, steps=12).weights == "not compared"


def test_weights_of_runs_that_ended_elsewhere_are_not_compared(equal) -> None:
    original, copy = equal
    shutil.rmtree(copy.checkpoints)
    change(copy.results, weights_sha256="0" * 64, last={"step": 20, "epoch": 5})
    record = compare_runs(original, copy)
    assert (record.weights, record.identical) == ("not compared", True)


PROVENANCE: dict[str, Any] = {
    "data_fingerprint": "d1",
    "versions": {"torch": "2.13.0", "numpy": "2.4", "nvidia-cudnn": "9.1", "rich": "13.9"},
    "devices": ["cpu"],
    "threads": {"torch": 2},
    "git": {"commit": "a1", "dirty": False},
    "seeds": {"seed": 3},
    "environment": {"OMP_NUM_THREADS": "2", "MASTER_PORT": "1"},
    "python": "3.11.7",
    "platform": "Linux",
    "hostname": "one",
}


@pytest.mark.parametrize(
    ("keys", "value", "sentence"),
    [
        (["data_fingerprint"], "d2", "fingerprint of the data: d1 in the original, d2 now"),
        (["versions", "torch"], "2.12", "version of torch: 2.13.0 in the original, 2.12 now"),
        (["versions", "nvidia-cudnn"], "8", "version of nvidia-cudnn: 9.1 in the original, 8 now"),
        (["versions", "rich"], "14", "other packages, in the original and now: rich 13.9 and 14"),
        (["devices"], ["cpu", "cpu"], "devices: cpu in the original, cpu, cpu now"),
        (["threads", "torch"], 1, "threads: 2 in the original, 1 now"),
        (["seeds", "seed"], 4, "seed (provenance.json): 3 in the original, 4 now"),
        (["seeds", "split_seed"], 1, "split_seed (provenance.json): unset in the original, 1 now"),
        (["git", "commit"], "b2", "commit of the code: a1 in the original, b2 now"),
        (["git", "dirty"], True, "uncommitted changes: no in the original, yes now"),
        (
            ["environment", "WORLD_SIZE"],
            "4",
            "number of processes: 1 in the original, 4 now",
        ),
        (
            ["environment", "ATEN_CPU_CAPABILITY"],
            "default",
            "environment variable ATEN_CPU_CAPABILITY: unset in the original, default now",
        ),
        (
            ["environment", "OMP_NUM_THREADS"],
            "1",
            "environment variable OMP_NUM_THREADS: 2 in the original, 1 now",
        ),
        (["environment", "MASTER_PORT"], "2", None),
        (["python"], "3.12", "version of Python: 3.11.7 in the original, 3.12 now"),
        (["platform"], "Mac", "platform: Linux in the original, Mac now"),
        (["hostname"], "two", "host: one in the original, two now"),
        (["git"], {"reason": "no git"}, None),
        (["versions"], {}, None),
        (["threads"], "nonsense", None),
    ],
)
def test_what_differs_between_two_provenances(
    keys: list[str], value: Any, sentence: str | None
) -> None:
    other = copies.deepcopy(PROVENANCE)
    place = other
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    assert differences(PROVENANCE, other) == ([] if sentence is None else [sentence])


def test_what_a_resume_changes_beside_what_it_restores() -> None:
    other = copies.deepcopy(PROVENANCE) | {"devices": ["cuda"], "platform": "Mac"}
    assert changes(PROVENANCE, other) == []
    other["git"] = {"commit": "a1", "dirty": True, "patch_sha256": "0123456789abcdef"}
    other["versions"] = PROVENANCE["versions"] | {"torch": "2.14", "numpy": "2.5", "rich": "14"}
    other["environment"] = {"OMP_NUM_THREADS": "1"}
    assert changes(PROVENANCE, other) == [
        "version of numpy: 2.4 in the original, 2.5 now",
        "uncommitted changes: no in the original, yes now",
        "uncommitted changes (SHA-256): none in the original, 0123456789ab now",
        "environment variable OMP_NUM_THREADS: 2 in the original, 1 now",
    ]


def test_the_likeliest_comes_first() -> None:
    other = copies.deepcopy(PROVENANCE) | {"platform": "Mac", "data_fingerprint": "d2"}
    other["environment"], other["seeds"] = {}, {"seed": 4}
    other["versions"] = {name: "0" for name in PROVENANCE["versions"]}
    names = [sentence.partition(":")[0] for sentence in differences(PROVENANCE, other)]
    assert (
        names
        == [
            "seed (provenance.json)",
            "fingerprint of the data",
            "version of torch",
            "version of numpy",
            "version of nvidia-cudnn",
            "platform",
            "environment variable OMP_NUM_THREADS",
            "other packages, in the original and now",
        ]
        or names.index("version of torch") == 2
    )


def test_only_some_of_many_packages_are_named() -> None:
    packages = {f"p{n}": "1" for n in range(9)}
    (sentence,) = differences({"versions": packages}, {"versions": dict.fromkeys(packages, "2")})
    assert sentence.endswith("p4 1 and 2, and 4 more")


def diverged(runs: tuple[RunPaths, RunPaths]) -> list[str]:
    fingerprint(runs[1], [*LOSSES[:-1], 7])
    return compare_runs(*runs).causes


def test_nothing_recorded_differs(equal) -> None:
    (cause,) = diverged(equal)
    assert cause.startswith("nothing recorded differs: code outside of git")


def test_kernels_that_are_not_deterministic(equal) -> None:
    for paths in equal:
        change(paths.provenance, devices=["NVIDIA H200"])
    (cause,) = diverged(equal)
    assert cause.startswith("training_config.deterministic was false on NVIDIA H200")
    config = read_json(equal[0].config)
    config["training_config"]["deterministic"] = True
    for paths in equal:
        atomic_json(paths.config, config)
    assert diverged(equal)[0].startswith("nothing recorded differs")


def test_another_setting_is_the_likeliest_cause(equal) -> None:
    original, copy = equal
    change(copy.provenance, data_fingerprint="d2")
    config = read_json(copy.config)
    config["logging_config"]["level"] = "DEBUG"
    config["dataset_kwargs"]["path"] = "moved"
    config["training_config"]["max_steps"] = 9
    change(copy.config, **config | {"seed": 1})
    first, second, third = diverged(equal)
    assert first == "seed: 0 in the original, 1 now"
    assert second == "training_config.max_steps: None in the original, 9 now"
    assert third.startswith("fingerprint of the data")
    assert len(compare_runs(original, copy, steps=12).causes) == 2  # a copy cut short is shorter


def test_a_secret_that_differs_is_a_cause_that_is_not_told(equal) -> None:
    original, copy = equal
    for paths, token in ((original, "abc"), (copy, "xyz")):
        change(paths.config, dataset_kwargs={"token": token})
    causes = diverged(equal)
    assert "dataset_kwargs.token: another value" in causes
    assert not any("abc" in cause or "xyz" in cause for cause in causes)


def test_what_a_resume_changed_comes_first(equal) -> None:
    original, copy = equal
    change(copy.config, seed=1)
    segment = read_json(original.segment(0))
    resumed = segment | {
        "n": 1,
        "from_step": 4,
        "overrides": ["logging_config.level=DEBUG", "training_config.patience=2"],
        "fidelity": {"exact": ["model"], "inexact": {"torch": "2.12 then, 2.13 now"}},
        "changed": ["commit of the code: a1 in the original, b2 now"],
    }
    atomic_json(original.segment(1), resumed)
    anew = {"n": 2, "from_step": 0, "fidelity": {"exact": [], "inexact": {"torch": "lost"}}}
    atomic_json(original.segment(2), segment | anew)
    assert diverged(equal) == [
        "the original was resumed at step 4, not exact: torch: 2.12 then, 2.13 now",
        "the original was resumed at step 4 with training_config.patience=2",
        "the original was resumed at step 4: commit of the code: a1 in the original, b2 now",
        "seed: 0 in the original, 1 now",
    ]


def test_a_config_that_was_edited_is_a_cause(equal) -> None:
    left = config_digest(read_json(equal[0].config))
    for paths in equal:
        change(paths.segment(0), config_sha256=left)
    assert diverged(equal)[0].startswith("nothing recorded differs")
    for paths in equal:  # the copy is made of the edited one
        change(paths.config, seed=1)
    assert diverged(equal) == ["config.json of the original was edited since the run wrote it"]


@pytest.mark.parametrize(
    ("one", "other", "largest"),
    [
        ({"test/loss": 0.5}, {"test/loss": 0.5}, None),
        ({"test/loss": "NaN"}, {"test/loss": "NaN"}, None),
        ({"test/loss": 0.5}, {}, None),
        ({"test/seconds": 0.5}, {"test/seconds": 0.6}, None),
        ({"test/loss": 0.5, "test/acc": 1.0}, {"test/loss": 0.6, "test/acc": 0.8}, "test/acc"),
        ({"test/loss": 0.5}, {"test/loss": "NaN"}, "test/loss"),
    ],
)
def test_the_metrics_of_the_test_split(equal, one: Any, other: Any, largest: str | None) -> None:
    for paths, values in zip(equal, (one, other), strict=True):
        change(paths.results, test=values)
    record = compare_runs(*equal)
    found = record.largest_difference
    assert record.identical is (largest is None)
    assert (found.metric if found else None) == largest
    assert compare_runs(*equal, steps=12).identical  # a copy cut short has another test
    change(equal[1].results, last={"step": 20, "epoch": 5})
    assert compare_runs(*equal).largest_difference is None


def test_another_patch_of_the_code(equal) -> None:
    equal[0].code_patch.write_text("a")
    (cause,) = diverged(equal)
    assert cause == "code.patch (SHA-256): ca978112ca1b in the original, none now"


def test_runs_without_config_or_provenance_are_compared_all_the_same(equal) -> None:
    equal[1].config.unlink()
    equal[0].provenance.unlink()
    (cause,) = diverged(equal)
    assert cause.startswith("nothing recorded differs")


def test_the_last_step_whose_bits_are_recorded(runs) -> None:
    assert last_fingerprinted_step(runs[0]) == 0
    fingerprint(runs[0], LOSSES, rows=5)
    assert last_fingerprinted_step(runs[0]) == 12


def test_many_steps_are_never_held_at_once(runs) -> None:
    for paths in runs:
        fingerprint(paths, list(range(20_000)), rows=100)
    tracemalloc.start()
    assert compare_runs(*runs).steps == 20_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 2**20
