"""Does TPE find better settings than chance, in as many trials? Told with an interval, over seeds.

Both searches choose learning rate, weight decay, dropout and width of a small network for digits,
and are compared by the best validation loss that they find. A seed gives both the same first ten
trials, which TPE too draws by chance, so that the difference is that of what TPE makes of them. It
takes some minutes on one core, and can be stopped and typed again. One of the searches, by hand:

    stride sweep work_dirs/tpe_vs_random --search 'lr=float(1e-5,1,log)' --trials 40 --seed 0 ...

Give a work_dir as the first argument to keep the runs elsewhere, then the number of seeds, then
that of trials of each search.
"""

import sys

from stride import Sweeper, Trainer
from stride.stats.paired import Paired, differences

SPACE = {
    "lr": "float(1e-5,1,log)",
    "weight_decay": "float(1e-6,1,log)",
    "dropout": "float(0,0.8)",
    "model_kwargs.hidden": [[8], [32], [128], [32, 32]],
}

CONFIG = {
    "model_kwargs": {"model_name": "MLP"},
    "dataset_kwargs": {"subsample_rate": 0.3},
    "training_config": {"max_epochs": 3},
}


def main(work_dir: str = "work_dirs/tpe_vs_random", seeds: str = "10", trials: str = "40") -> None:
    """Search with both, train what is not done yet, and print the differences."""
    trainer = Trainer(work_dir, **CONFIG)
    found = {
        sampler: {
            seed: best_loss(trainer, sampler, seed, int(trials)) for seed in range(int(seeds))
        }
        for sampler in ("random", "tpe")
    }
    print("seed     random        tpe")
    for seed, loss in found["random"].items():
        print(f"{seed:4} {loss:10.4f} {found['tpe'][seed]:10.4f}")
    print(verdict(Paired.of(differences(found["tpe"], found["random"]))))


def best_loss(trainer: Trainer, sampler: str, seed: int, trials: int) -> float:
    """Return the smallest loss that a search comes to."""
    name = f"{sampler}-{seed}"
    sweeper = Sweeper(trainer, SPACE, sampler=sampler, trials=trials, seed=seed, name=name)
    loss = sweeper.run().value
    print(f"{name}: {loss:.4f}", file=sys.stderr)
    return loss


def verdict(found: Paired) -> str:
    """Say what the differences tell, and what they do not."""
    if found.interval is None:
        return f"tpe minus random: {found.mean:+.4f}; one seed tells nothing"
    low, high = found.interval.low, found.interval.high
    told = {
        "better": "TPE is better than chance",
        "worse": "TPE is worse than chance",
        "unclear": "which is better is not shown",
    }
    shown = f"{found.mean:+.4f}, {found.level:.0%} interval [{low:+.4f}, {high:+.4f}]"
    return f"tpe minus random: {shown}, {found.n} seeds: {told[found.verdict('min')]}"


if __name__ == "__main__":
    main(*sys.argv[1:])
