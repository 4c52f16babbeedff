"""A run is checked, claimed, copied and submitted; or nothing of it is left."""

import subprocess

import pytest

from stride.errors import UserError
from stride.launch.code import Code
from stride.launch.launch import _script, dry_run, launch
from stride.launch.script import Resources
from stride.launch.slurm import SlurmError
from stride.runs.run import Run
from stride.runs.verify.run import verify_run
from stride.runs.work_dir import WorkDir
from stride.runs.writer import RunWriter
from stride.trainer.settled import _absolute

TYPED = ["work_dir=W", "model_kwargs.model_name=nets:tiny", "model_kwargs.width=6"]


def queue(*more, array=None, **asked):
    return launch([*TYPED, *more], None, Resources(**asked), array=array)


def test_a_run_waits_for_its_job(project, slurm, record):
    launched = queue("optimizer_kwargs.lr=1e-4", partition="gpu")
    run = Run(launched.runs[0])
    assert run.path == project / "W" / "0" and launched.job == "12" and launched.note == ""
    assert run.status["state"] == "queued" and "started" not in run.status
    assert run.status["overrides"] == [*TYPED[1:], "optimizer_kwargs.lr=1e-4"]
    assert slurm.calls("sbatch") == [f"--parsable {run.paths.job_script}"]
    assert record(run.paths.job)["id"] == "12"
    assert "#SBATCH --partition=gpu\n" in run.paths.job_script.read_text()
    assert run.paths.logs.is_dir()  # SLURM makes none
    assert not verify_run(run.path).problems


def test_the_config_has_what_was_typed_and_leaves_the_machine_to_the_job(project, slurm):
    config = Run(queue("optimizer_kwargs.lr=1e-4", "device=cuda:1").runs[0]).raw_config
    assert config["optimizer_kwargs"]["lr"] == 1e-4
    assert config["model_kwargs"]["width"] == 6
    assert config["device"] == "cuda:1"  # this machine need not have it
    assert "fused" not in config["optimizer_kwargs"]
    assert config["work_dir"] == "W"


def test_the_code_is_copied(project, slurm):
    (project / "nets.py").write_text((project / "nets.py").read_text() + "# changed\n")
    run = Run(queue().runs[0])
    assert (run.paths.code / "nets.py").read_text().endswith("# changed\n")
    assert run.provenance["git"]["root"] == str(project)
    assert "+# changed" in run.paths.code_patch.read_text()


def test_without_git_the_job_runs_the_files_of_the_project(tmp_path, slurm, monkeypatch):
    monkeypatch.chdir(tmp_path)
    launched = launch(["work_dir=W"], None, Resources())
    assert "no copy of the code: not a git repository" in launched.note
    paths = Run(launched.runs[0]).paths
    assert not paths.code.exists()
    assert f"cd {tmp_path} || exit" in paths.job_script.read_text()


def test_the_users_word_goes_with_a_run_that_no_key_could_sign(tmp_path, monkeypatch):
    def script():
        writer = RunWriter.start(tmp_path / "W", config={}, provenance={})
        writer.close("queued")
        return _script(writer.paths, Resources(), Code())

    assert "--trust" not in script()
    (tmp_path / "state").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert "--trust" in script()


def test_places_of_data_are_absolute(project, slurm):
    import numpy

    numpy.savetxt(project / "a.csv", numpy.eye(20, 3), delimiter=",", header="a,b,c", comments="")
    typed = ["dataset_kwargs.dataset_name=table", "dataset_kwargs.path=a.csv"]
    typed += ["dataset_kwargs.target=c", "work_dir=W"]
    run = Run(launch(typed, None, Resources()).runs[0])
    assert run.raw_config["dataset_kwargs"]["path"] == str(project / "a.csv")
    assert "dataset_kwargs.path=a.csv" in run.status["overrides"]


def test_places_of_the_weights_of_others_are_absolute(project):
    values = {
        "dataset_kwargs": {},
        "model_kwargs": {"init_from": {"run": "W/0"}},
        "frozen": {"teacher": {"run": "W/1"}},
        "active_config": {"models": [{"init_from": "W/2"}]},
    }
    found = _absolute(values)
    assert found["model_kwargs"]["init_from"] == {"run": str(project / "W" / "0")}
    assert found["frozen"]["teacher"] == {"run": str(project / "W" / "1")}
    assert found["active_config"]["models"] == [{"init_from": str(project / "W" / "2")}]


def test_an_array_has_a_run_for_each_seed(project, slurm, record):
    launched = queue("seed=5", array=3)
    runs = [Run(path) for path in launched.runs]
    assert [run.name for run in runs] == ["0", "1", "2"]
    assert [run.raw_config["seed"] for run in runs] == [5, 6, 7]
    assert [run.status["overrides"][-1] for run in runs] == ["seed=5", "seed=6", "seed=7"]
    assert [record(run.paths.job)["id"] for run in runs] == ["12_0", "12_1", "12_2"]
    assert slurm.calls("sbatch") == [f"--parsable {runs[0].paths.array_script}"]
    assert all(run.paths.job_script.is_file() and run.paths.code.is_dir() for run in runs)


def test_runs_of_an_array_have_no_name(project, slurm):
    with pytest.raises(UserError, match="runs of an array have numbers"):
        queue("run=big", array=2)


REFUSED = {
    "optimizer_kwargs.lrr=1": "unknown key optimizer_kwargs.lrr",
    "model_kwargs.width=wide": "width",
    "model_kwargs.model_name=nets:tyni": "'nets' has no 'tyni'",
    "device=cupid": "'cupid' is not a device",
    "seed=x": "seed",
}


@pytest.mark.parametrize("typed", REFUSED)
def test_a_mistake_leaves_no_folder_and_asks_for_no_job(project, slurm, typed):
    with pytest.raises(UserError, match=REFUSED[typed]):
        queue(typed)
    assert not (project / "W").exists() and slurm.calls("sbatch") == []


def test_a_file_that_git_does_not_track_is_told_of_before_anything_is_made(project, slurm):
    (project / "mine.py").write_text((project / "nets.py").read_text())
    with pytest.raises(UserError, match=r"does not track mine\.py"):
        queue("model_kwargs.model_name=mine:tiny")
    assert not (project / "W").exists()
    subprocess.run(["git", "add", "mine.py"], check=True)
    queue("model_kwargs.model_name=mine:tiny")


@pytest.mark.parametrize("array", [None, 2])
def test_where_sbatch_refuses_no_run_is_left(project, slurm, array):
    slurm.refuse("sbatch", "sbatch: error: invalid partition specified: x\n")
    with pytest.raises(SlurmError, match="invalid partition specified: x"):
        queue("work_dir=new/W", array=array)
    assert not (project / "new").exists()


def test_where_sbatch_refuses_a_work_dir_that_was_there_stays(project, slurm):
    slurm.refuse("sbatch", "sbatch: error: invalid partition specified: x\n")
    (project / "W").mkdir()
    with pytest.raises(SlurmError):
        queue()
    assert WorkDir(project / "W").names() == []


def test_where_there_is_no_sbatch_nothing_is_made(project, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlurmError, match="sbatch is not on the PATH"):
        queue()
    assert not (project / "W").exists()


def test_a_name_that_is_taken_is_refused(project, slurm):
    queue("run=big")
    with pytest.raises(UserError, match="'big' exists already"):
        queue("run=big")
    assert Run(project / "W" / "big").status["state"] == "queued"
    with pytest.raises(UserError, match="'big' exists already"):
        dry_run([*TYPED, "run=big"], None, Resources())


def test_a_dry_run_gives_the_scripts_and_makes_nothing(project, slurm):
    (script,) = dry_run(TYPED, None, Resources())
    assert "-P -m stride resume" in script and f"cd {project}/W/RUN/code" in script
    assert len(dry_run(TYPED, None, Resources(), array=2)) == 2
    assert not (project / "W").exists() and slurm.calls("sbatch") == []
    with pytest.raises(UserError, match="width"):
        dry_run([*TYPED, "model_kwargs.width=wide"], None, Resources())
