"""Swing a pendulum up by SAC, then play 100 episodes that nothing was chosen by.

Usage: [WORK_DIR] [SEED].
"""

import sys

from stride import RLTrainer


def main(work_dir="work_dirs/sac_pendulum", seed="0"):
    """Train until 20 episodes give -170 on average, at most for 20,000 steps."""
    trainer = RLTrainer(
        work_dir,
        seed=int(seed),
        rl_config={"env_name": "Pendulum-v1", "algorithm": "SAC", "target_return": -170},
        model_kwargs={"hidden_sizes": [64, 64]},  # a small problem
    )
    trainer.fit(max_steps=20_000)
    print(f"mean return of 100 episodes: {trainer.results['test']['test/return']:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
