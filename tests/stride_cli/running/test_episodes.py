"""`stride evaluate --episodes`: a run's policy in whole episodes, beside chance, and on film."""

import json
from pathlib import Path

import pytest

from stride.trainers.rl.trainer import RLTrainer
from tests.stride_cli.programs.test_answer_schemas import check

LENGTHS = "tests.rl.evaluation.scripted:Lengths"


def trained(env_name, keep_best=1, **more):
    """Train for two short rollouts in the folder W."""
    rollouts = {"num_envs": 4, "rollout_steps": 16, "eval_episodes": 2, "test_episodes": 3}
    trainer = RLTrainer(
        "W",
        rl_config={"env_name": env_name, **rollouts, **more},
        training_config={"max_steps": 128},
        checkpoint_config={"keep_best": keep_best},
        logging_config={"terminal_display": "off"},
    )
    trainer.fit()
    return trainer.run


def test_episodes_beside_chance_and_a_video(stride):
    run = trained("CartPole-v1")
    code, out, err = stride("evaluate", "W/0", "--episodes", "100", "--render", "video")
    assert code == 0, err
    head, own, chance = out.splitlines()
    assert head.split()[:3] == ["environment", "policy", "episodes"]
    assert own.split()[:4] == ["CartPole-v1", "best", "weights", "100"]
    assert chance.split()[:3] == ["CartPole-v1", "random", "100"]
    video = Path("W/0/videos/test.mp4")
    assert video.read_bytes()[4:8] == b"ftyp" and str(video) in err
    assert not list(video.parent.glob(".*"))
    told = json.loads(stride("evaluate", "W/0", "--episodes", "3", "--json").out)
    (environment,) = check("evaluate", json.dumps(told))["environments"]
    recorded = run.results["test"]
    assert environment["weights"]["mean"] == recorded["test/return"]
    assert environment["weights"]["iqm"] == recorded["test/return_iqm"]
    assert len(environment["weights"]["returns"]) == 3 and told["deterministic"] is True


def test_further_environments_have_rows_and_videos_of_their_own(stride):
    further = {"../far": {"env_name": LENGTHS, "env_kwargs": {"length": 9}}}
    trained(LENGTHS, keep_best=0, eval_envs=further)
    code, out, err = stride("evaluate", "W/0", "--split", "val", "--render", "video", "--json")
    assert code == 0, err
    told = check("evaluate", out)
    near, far = told["environments"]
    assert (near["name"], far["name"]) == ("", "../far") and told["split"] == "validation"
    assert len(near["weights"]["returns"]) == 2 and near["weights"]["success"] is not None
    names = [Path(one["path"]).name for one in told["videos"]]
    assert names == ["validation.mp4", "validation-far.mp4"]
    assert sorted(path.name for path in Path("W/0/videos").iterdir()) == sorted(names)
    _, out, err = stride("evaluate", "W/0", "--stochastic")
    table = out.splitlines()
    assert table[0].split()[-1] == "success" and len(table) == 5 and "drawn as in" in err
    assert "last weights" in table[1]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--render", "gif"), "type: --render video"),
        (("--episodes", "3", "--metrics", "f1"), "leave out --metrics"),
        (("--episodes", "3"), "there are no episodes to play"),
        (("--episodes", "3", "--follow"), "leave out --follow"),
    ],
)
def test_what_cannot_be_asked_is_refused(stride, make_run, words, why):
    make_run()
    code, _, err = stride("evaluate", "W/0", *words)
    assert code == 2 and why in err
