"""Balance a pole by PPO, then play 100 episodes that nothing was chosen by.

Usage: [WORK_DIR] [SEED].
"""

import sys

from stride import RLTrainer


def main(work_dir="work_dirs/ppo_cartpole", seed="0"):
    """Train until 50 episodes give 490 on average, at most for 150,000 steps."""
    trainer = RLTrainer(
        work_dir,
        seed=int(seed),
        rl_config={
            "env_name": "CartPole-v1",
            "algorithm": "PPO",
            "eval_episodes": 50,
            "target_return": 490,
        },
        training_config={"evaluate_every": 5},
    )
    trainer.fit(max_steps=150_000)
    print(f"mean return of 100 episodes: {trainer.results['test']['test/return']:.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
