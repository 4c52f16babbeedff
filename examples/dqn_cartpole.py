"""Balance a pole by DQN, then play 100 episodes that nothing was chosen by.

Usage: [WORK_DIR] [SEED].
"""

import sys

from stride import RLTrainer


def main(work_dir="work_dirs/dqn_cartpole", seed="0"):
    """Train until 20 episodes give 490 on average, at most for 100,000 steps."""
    trainer = RLTrainer(
        work_dir,
        seed=int(seed),
        rl_config={"env_name": "CartPole-v1", "algorithm": "DQN", "target_return": 490},
    )
    trainer.fit(max_steps=100_000)
    print(f"mean return of 100 episodes: {trainer.results['test']['test/return']:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
