# SPDX-License-Identifier: Apache-2.0
"""Trajectories of Gymnasium's environments, which tests/unit/rl holds Rankine's against.

  python3 tools/reference/gymnasium_trajectories.py FOLDER      needs gymnasium and box2d-py (PyPI)
Writes into FOLDER:
  classic.csv           environment, episode, step, action, state (float64, before the step and, in the row
                        after, behind it), reward and terminated of the step
  lunar_lander.csv      flights until the first contact: what was random (heights of the terrain, first force,
                        dispersion of each step), the actions, every tenth observation
  lunar_lander_pilot.csv  mean return of Gymnasium's heuristic pilot and its standard error, 2,000 episodes
                        (continuous: 1,000) with seeds 0, 1, ...
"""
import math
import pathlib
import sys

import gymnasium
import numpy
from gymnasium.envs.box2d.lunar_lander import heuristic

CLASSIC = {"CartPole-v1": 60, "Acrobot-v1": 150, "MountainCar-v0": 120, "MountainCarContinuous-v0": 120,
           "Pendulum-v1": 120}
EPISODES = 2


def exact(x):
    return repr(float(x))


def chosen(name, observation, step, random):
    """An action that visits much of the state space: some energy is pumped in, some is random."""
    if name == "CartPole-v1":
        return int(observation[2] + 0.3 * observation[3] + random.normal() * 0.02 > 0)
    if name == "Acrobot-v1":
        return int(numpy.sign(observation[5]) + 1) if random.random() < 0.9 else int(random.integers(3))
    if name == "MountainCar-v0":
        return int(numpy.sign(observation[1]) + 1) if random.random() < 0.9 else int(random.integers(3))
    if name == "MountainCarContinuous-v0":
        return numpy.float32(1.3 * numpy.sign(observation[1]) * random.random())
    return numpy.float32(2.5 * numpy.sign(observation[2]) * random.random())


def classic(file):
    for name, steps in CLASSIC.items():
        env = gymnasium.make(name)
        random = numpy.random.default_rng(7)
        for episode in range(EPISODES):
            observation, _ = env.reset(seed=100 + episode)
            for step in range(steps):
                state = [exact(x) for x in env.unwrapped.state]
                action = chosen(name, observation, step, random)
                given = action if numpy.issubdtype(type(action), numpy.integer) or isinstance(action, int) \
                    else numpy.array([action], dtype=numpy.float32)
                observation, reward, terminated, _, _ = env.step(given)
                print(name, episode, step, exact(action), *state, exact(reward), int(terminated), sep=",",
                      file=file)
                if terminated:
                    break
            print(name, episode, "end", "", *[exact(x) for x in env.unwrapped.state], sep=",", file=file)


class Recorded:
    """A generator that remembers what it gave."""

    def __init__(self, generator):
        self.generator = generator
        self.given = []

    def uniform(self, low=0.0, high=1.0, size=None):
        values = self.generator.uniform(low, high, size)
        self.given.extend(numpy.atleast_1d(values).tolist())
        return values


def flight(file, number, continuous, seed, pilot):
    env = gymnasium.make("LunarLander-v3", continuous=continuous).unwrapped
    env.reset(seed=seed)
    env._np_random = recorded = Recorded(env.np_random)
    observation, _ = env.reset()
    random = numpy.random.default_rng(seed)
    print("flight", number, int(continuous), *[f"{x:.9g}" for x in recorded.given], sep=",", file=file)
    for step in range(1, 1000):
        recorded.given.clear()
        if random.random() < pilot:
            action = heuristic(env, observation)
        else:
            action = random.uniform(-1, 1, 2) if continuous else int(random.integers(4))
        if continuous:
            action = action.astype(numpy.float32)
        observation, reward, terminated, _, _ = env.step(action)
        if terminated or observation[6] or observation[7]:
            break
        shown = [f"{x:.9g}" for x in [*observation, reward]] if step % 10 == 0 else []
        print("step", number, *[f"{x:.9g}" for x in numpy.atleast_1d(action)],
              *[f"{x:.9g}" for x in recorded.given], *shown, sep=",", file=file)
    print("contact", number, step, sep=",", file=file)


def pilot(file, continuous, episodes):
    env = gymnasium.make("LunarLander-v3", continuous=continuous)
    returns = []
    for seed in range(episodes):
        observation, _ = env.reset(seed=seed)
        total, over = 0.0, False
        while not over:
            action = heuristic(env, observation)
            observation, reward, terminated, truncated, _ = env.step(action)
            total, over = total + reward, terminated or truncated
        returns.append(total)
    error = numpy.std(returns, ddof=1) / math.sqrt(episodes)
    print(int(continuous), episodes, numpy.mean(returns), error, sep=",", file=file)


def main():
    folder = pathlib.Path(sys.argv[1])
    with open(folder / "classic.csv", "w") as file:
        classic(file)
    with open(folder / "lunar_lander.csv", "w") as file:
        flight(file, 0, False, 11, 1.0)
        flight(file, 1, False, 12, 0.5)
        flight(file, 2, True, 13, 1.0)
        flight(file, 3, True, 14, 0.5)
    with open(folder / "lunar_lander_pilot.csv", "w") as file:
        pilot(file, False, 2000)
        pilot(file, True, 1000)


if __name__ == "__main__":
    main()
