#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Stable-Baselines3's PPO with rl-baselines3-zoo's settings, for the short rows of ppo_scores.py.

    ppo_sb3.py NAME [--seeds 1-3]      NAME: zoo-cartpole, zoo-pendulum, zoo-mcc, zoo-acrobot,
                                       zoo-mountaincar, zoo-lander, or rankine-mcc: its
                                       numbers by Stable-Baselines3
"""
import argparse
import json
import statistics
import time

import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.vec_env import VecNormalize


def falling(value):
    return lambda left: left * value


ROWS = {
    "zoo-cartpole": ("CartPole-v1", 8, 100_000, False, dict(
        n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20, ent_coef=0.0,
        learning_rate=falling(1e-3), clip_range=falling(0.2))),
    "zoo-pendulum": ("Pendulum-v1", 4, 100_000, False, dict(
        n_steps=1024, gae_lambda=0.95, gamma=0.9, n_epochs=10, ent_coef=0.0, learning_rate=1e-3,
        clip_range=0.2, use_sde=True, sde_sample_freq=4)),
    "zoo-mcc": ("MountainCarContinuous-v0", 1, 20_000, True, dict(
        n_steps=8, batch_size=256, gae_lambda=0.9, gamma=0.9999, n_epochs=10, ent_coef=0.00429,
        learning_rate=7.77e-5, clip_range=0.1, max_grad_norm=5, vf_coef=0.19, use_sde=True,
        policy_kwargs=dict(log_std_init=-3.29, ortho_init=False))),
    "rankine-mcc": ("MountainCarContinuous-v0", 4, 19_456, True, dict(
        n_steps=256, batch_size=128, gae_lambda=0.9, gamma=0.9999, n_epochs=10, ent_coef=0.005,
        learning_rate=3e-4, clip_range=0.1, max_grad_norm=5, vf_coef=0.19, use_sde=True, sde_sample_freq=64,
        policy_kwargs=dict(log_std_init=-1, ortho_init=False))),
    "zoo-acrobot": ("Acrobot-v1", 16, 1_000_000, True, dict(
        n_steps=256, gae_lambda=0.94, gamma=0.99, n_epochs=4, ent_coef=0.0)),
    "zoo-mountaincar": ("MountainCar-v0", 16, 1_000_000, True, dict(
        n_steps=16, gae_lambda=0.98, gamma=0.99, n_epochs=4, ent_coef=0.0)),
    "zoo-lander": ("LunarLander-v3", 16, 1_000_000, False, dict(
        n_steps=1024, batch_size=64, gae_lambda=0.98, gamma=0.999, n_epochs=4, ent_coef=0.01)),
}


def run_one(name, seed):
    environment, count, steps, normalised, settings = ROWS[name]
    train = make_vec_env(environment, n_envs=count, seed=seed)
    test = make_vec_env(environment, n_envs=25, seed=seed + 1_000_000)
    if normalised:
        train = VecNormalize(train, gamma=settings["gamma"])
        test = VecNormalize(test, training=False, norm_reward=False)
    start = time.perf_counter()
    model = PPO("MlpPolicy", train, seed=seed, device="cpu", **settings).learn(steps)
    seconds = time.perf_counter() - start
    if normalised:
        test.obs_rms = train.obs_rms
    score, _ = evaluate_policy(model, test, n_eval_episodes=100, deterministic=True)
    return float(score), steps / seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("name", choices=ROWS)
    parser.add_argument("--seeds", default="1-3")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    first, _, last = arguments.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    scores, speeds = zip(*(run_one(arguments.name, seed) for seed in seeds))
    print(json.dumps({"name": arguments.name, "scores": scores, "mean": statistics.mean(scores),
                      "median": statistics.median(scores), "steps_per_second": statistics.mean(speeds)}))


if __name__ == "__main__":
    main()
