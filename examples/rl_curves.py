"""Learning curves beside Stable-Baselines3: the same hyperparameters, networks and environments.

Both train with five seeds on each of three problems, and play 20 whole episodes after every few
rollouts. What the last weights get is compared: the mean over the seeds with Student's interval,
and the difference. curves.svg in the work_dir shows the means, from the worst seed to the best. It
takes some minutes on one core, and can be stopped and typed again. Without Stable-Baselines3
(`pip install --no-deps stable-baselines3==2.9.2`) there are the curves of STRIDE alone.

Usage: [WORK_DIR] [SEEDS] [PROBLEMS] [POINTS]; the last two, as in CartPole-v1,Pendulum-v1 3, say
which problems, and how many evaluations make a curve.
"""

import json
import sys
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from stride import Evaluator, RLTrainer, Sweeper, open_runs
from stride.figures import COLOURS, add_legend, new_figure, picture
from stride.stats.intervals import t_interval
from stride.stats.moments import mean
from stride.stats.paired import Paired, differences

STRIDE, PEER = "STRIDE", "Stable-Baselines3"
EPISODES = 20


@dataclass(frozen=True)
class Problem:
    """An environment, and what both are told, each in its own words.

    Attributes:
        name: an id of Gymnasium.
        algorithm: as both call it.
        num_envs: environments side by side.
        first, every, points: steps of environments before the first evaluation, and from one to
            the next; how many there are.
        epochs: of a run, from one evaluation to the next.
        ours: sections of a config.
        theirs: arguments of the algorithm.
    """

    name: str
    algorithm: str
    num_envs: int
    first: int
    every: int
    points: int
    epochs: int
    ours: dict
    theirs: dict

    @property
    def steps(self):
        """Return after how many steps of environments there is an evaluation."""
        return range(self.first, self.first + self.points * self.every, self.every)


def ppo(name, points, *, lr, gamma, gae_lambda):
    """Return a problem for PPO: 8 environments of 128 steps, 10 passes of 4 minibatches."""
    shared = {"gamma": gamma, "gae_lambda": gae_lambda}
    passes = {"num_passes": 10, "num_minibatches": 4}
    ours = {
        "rl_config": {"rollout_steps": 128, "algorithm_kwargs": {**shared, **passes}},
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": lr, "eps": 1e-5},
    }
    theirs = {**shared, "n_epochs": 10, "batch_size": 256, "n_steps": 128, "learning_rate": lr}
    return Problem(name, "PPO", 8, 5 * 1024, 5 * 1024, points, 5, ours, theirs)


def sac(name, points, *, lr):
    """Return a problem for SAC: 1,000 random steps, then an update after each step."""
    buffer = {"batch_size": 256, "gamma": 0.99}
    ours = {
        "rl_config": {
            "rollouts_per_epoch": 500,
            "init_steps": 1_000,
            "algorithm_kwargs": {**buffer, "capacity": 100_000, "target_tau": 0.005},
        },
        "optimizer_kwargs": {"optimizer_name": "Adam", "lr": lr},
        "model_kwargs": {"hidden_sizes": [64, 64]},
    }
    theirs = {
        **buffer,
        "buffer_size": 100_000,
        "learning_starts": 1_000,
        "tau": 0.005,
        "learning_rate": lr,
        "policy_kwargs": {"net_arch": [64, 64]},
    }
    return Problem(name, "SAC", 1, 1_500, 500, points, 1, ours, theirs)


PROBLEMS = (
    ppo("CartPole-v1", 10, lr=1e-3, gamma=0.98, gae_lambda=0.8),
    ppo("Acrobot-v1", 8, lr=1e-3, gamma=0.99, gae_lambda=0.95),
    sac("Pendulum-v1", 8, lr=1e-3),
)


def main(work_dir="work_dirs/rl_curves", seeds="5", problems="", points=""):
    """Train what is not done yet, draw the curves, and print what they come to."""
    found = {}
    for problem in PROBLEMS:
        if not problems or problem.name in problems.split(","):
            problem = replace(problem, points=int(points or problem.points))
            found[problem.name] = curves(Path(work_dir), problem, range(int(seeds)))
    Path(work_dir, "curves.svg").write_bytes(picture(drawn(found), "svg"))
    print_row("", [STRIDE, PEER, "difference"])
    for name, parties in found.items():
        print_row(name, compared(parties))


def curves(folder, problem, seeds):
    """Return the curve of each seed, of each of both: mean return by steps of environments."""
    place = folder / f"{problem.name}-{problem.steps[-1]}"
    trained = {STRIDE: ours(place, problem, seeds)}
    if find_spec("stable_baselines3"):
        trained[PEER] = {seed: theirs(place, problem, seed) for seed in seeds}
    return trained


def ours(place, problem, seeds):
    """Train by a sweep over the seeds."""
    named = {"env_name": problem.name, "algorithm": problem.algorithm}
    counts = {"num_envs": problem.num_envs, "eval_episodes": EPISODES}
    limits = {"evaluate_every": problem.epochs, "max_steps": problem.steps[-1]}
    config = {
        **problem.ours,
        "rl_config": {**problem.ours["rl_config"], **named, **counts},
        "training_config": {**limits, "with_test": False},
    }
    Sweeper(RLTrainer(place, **config), grid={"seed": [*seeds]}, name="seeds").run()
    rows = {run.config.seed: run.metrics() for run in open_runs(place)}
    return {seed: curve(rows[seed]) for seed in seeds}


def curve(rows):
    """Return the evaluations of a run."""
    name = "validation/return"
    return {int(row["env_steps"]): row[name] for row in rows if name in row}


def theirs(place, problem, seed):
    """Train by Stable-Baselines3, once; the curve is kept as a file."""
    kept = place / f"stable_baselines3-{seed}.json"
    if not kept.exists():
        kept.write_text(json.dumps(peer_curve(problem, seed)))
    return {int(steps): value for steps, value in json.loads(kept.read_text()).items()}


def peer_curve(problem, seed):
    """Train a while and evaluate, until all is done."""
    library = import_module("stable_baselines3")
    environments = import_module("stable_baselines3.common.env_util")
    env = environments.make_vec_env(problem.name, problem.num_envs, seed=seed)
    algorithm = getattr(library, problem.algorithm)
    model = algorithm("MlpPolicy", env, seed=seed, device="cpu", **problem.theirs)
    evaluator = Evaluator(problem.name, episodes=EPISODES, seed=seed)
    found = {}
    for steps in problem.steps:
        model.learn(steps - model.num_timesteps, reset_num_timesteps=False)
        played = evaluator.evaluate(lambda seen: model.predict(seen, deterministic=True)[0])
        found[steps] = played.mean
        print(f"{PEER}, {problem.name}, seed {seed}, {steps}: {played.mean:.1f}", file=sys.stderr)
    return found


def print_row(name, cells):
    """Print a row of the table."""
    print(f"{name:12}" + "".join(f"{cell:>34}" for cell in cells))


def compared(parties):
    """Return the means of the last values, with intervals, and that of the difference."""
    last = {
        party: {seed: found[max(found)] for seed, found in curves.items()}
        for party, curves in parties.items()
    }
    values = [[*seeds.values()] for seeds in last.values()]
    cells = [shown(mean(each), t_interval(each)) for each in values]
    if PEER not in last:
        return cells
    difference = Paired.of(differences(last[STRIDE], last[PEER]))
    verdict = difference.verdict("max")
    return [*cells, f"{shown(difference.mean, difference.interval)}, {verdict}"]


def shown(value, interval):
    """Return a mean with its interval."""
    return f"{value:.1f}" + (f" [{interval.low:.1f}, {interval.high:.1f}]" if interval else "")


def drawn(found):
    """Return a figure with the curves of each problem side by side."""
    figure = new_figure(3.6 * len(found), 3.2)
    places = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (name, parties) in zip(places, found.items(), strict=True):
        axes.set_title(name)
        axes.set_xlabel("steps of environments")
        for colour, (party, curves) in zip(COLOURS, parties.items(), strict=False):
            draw(axes, [*curves.values()], color=colour, label=party if axes is places[0] else None)
    places[0].set_ylabel(f"mean return of {EPISODES} episodes")
    add_legend(figure)
    return figure


def draw(axes, curves, *, color, label):
    """Draw the mean of curves, over a band from the least to the largest."""
    steps = [*curves[0]]
    values = [[curve[at] for curve in curves] for at in steps]
    axes.plot(steps, [mean(each) for each in values], color=color, label=label)
    bounds = [min(each) for each in values], [max(each) for each in values]
    axes.fill_between(steps, *bounds, color=color, alpha=0.2, linewidth=0)


if __name__ == "__main__":
    main(*sys.argv[1:])
