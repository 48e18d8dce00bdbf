#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PPO as CleanRL's ppo.py lays it out (CartPole-v1, 4 environments x 128 steps, 4 epochs x 4 minibatches, two
networks of 64-64), written anew in PyTorch: how many steps a second its loop makes on this machine.

    ppo_torch.py [--steps 20480] [--threads 1]     needs torch, gymnasium, numpy
"""
import argparse
import json
import time

import gymnasium
import numpy as np
import torch
from torch import nn


def layer(inputs, outputs, gain=2 ** 0.5):
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight, gain)
    nn.init.zeros_(linear.bias)
    return linear


def network(outputs, gain):
    return nn.Sequential(layer(4, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, outputs, gain))


def advantages_of(rewards, dones, values, last_value, last_done):
    advantages = torch.zeros_like(rewards)
    carried = 0.0
    for t in reversed(range(len(rewards))):
        going_on = 1.0 - (dones[t + 1] if t + 1 < len(rewards) else last_done)
        next_value = values[t + 1] if t + 1 < len(rewards) else last_value
        delta = rewards[t] + 0.99 * next_value * going_on - values[t]
        carried = delta + 0.99 * 0.95 * going_on * carried
        advantages[t] = carried
    return advantages


def learn(actor, critic, optimiser, batch):
    observations, actions, old_logp, advantages, old_values = batch
    targets = advantages + old_values
    order = np.arange(512)
    for _ in range(4):
        np.random.shuffle(order)
        for first in range(0, 512, 128):
            rows = order[first:first + 128]
            policy = torch.distributions.Categorical(logits=actor(observations[rows]))
            ratio = (policy.log_prob(actions[rows]) - old_logp[rows]).exp()
            gain = advantages[rows]
            gain = (gain - gain.mean()) / (gain.std() + 1e-8)
            policy_loss = torch.max(-gain * ratio, -gain * ratio.clamp(0.8, 1.2)).mean()
            value = critic(observations[rows]).view(-1)
            bounded = old_values[rows] + (value - old_values[rows]).clamp(-0.2, 0.2)
            value_loss = 0.5 * torch.max((value - targets[rows]) ** 2, (bounded - targets[rows]) ** 2).mean()
            loss = policy_loss - 0.01 * policy.entropy().mean() + 0.5 * value_loss
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_([*actor.parameters(), *critic.parameters()], 0.5)
            optimiser.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=20480)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    np.random.seed(arguments.seed)
    environments = gymnasium.vector.SyncVectorEnv([lambda: gymnasium.make("CartPole-v1")] * 4)
    actor, critic = network(2, 0.01), network(1, 1.0)
    optimiser = torch.optim.Adam([*actor.parameters(), *critic.parameters()], lr=2.5e-4, eps=1e-5)
    observation, _ = environments.reset(seed=arguments.seed)
    seen, done = torch.tensor(observation), torch.zeros(4)
    start, updates = time.perf_counter(), arguments.steps // 512
    for update in range(updates):
        optimiser.param_groups[0]["lr"] = 2.5e-4 * (1 - update / updates)
        rows = []
        for _ in range(128):
            with torch.no_grad():
                policy = torch.distributions.Categorical(logits=actor(seen))
                action = policy.sample()
                row = [seen, action, policy.log_prob(action), critic(seen).view(-1), done]
            observation, reward, terminated, truncated, _ = environments.step(action.numpy())
            rows.append([*row, torch.tensor(reward, dtype=torch.float32)])
            seen, done = torch.tensor(observation), torch.tensor(terminated | truncated, dtype=torch.float32)
        observations, actions, logp, values, dones, rewards = (torch.stack(c) for c in zip(*rows))
        with torch.no_grad():
            advantages = advantages_of(rewards, dones, values, critic(seen).view(-1), done)
        learn(actor, critic, optimiser, (observations.reshape(-1, 4), actions.reshape(-1), logp.reshape(-1),
                                         advantages.reshape(-1), values.reshape(-1)))
    seconds = time.perf_counter() - start
    print(json.dumps({"steps": updates * 512, "seconds": seconds, "steps_per_second": updates * 512 / seconds,
                      "threads": arguments.threads}))


if __name__ == "__main__":
    main()
