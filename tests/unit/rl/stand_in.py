# SPDX-License-Identifier: Apache-2.0
"""Environments with Gymnasium's interface and without its packages, for the tests of the bridge."""
import os
import random


class Discrete:
    def __init__(self, n):
        self.n = n


class Box:
    def __init__(self, low, high):
        self.low, self.high, self.shape = low, high, (len(low),)


class Walk:
    """A place on a line, begun where the seed says; ends at 5, is cut after 8 steps; 9 raises, 8 dies."""

    observation_space = Box([-10.0, 0.0], [10.0, 8.0])
    action_space = Discrete(10)

    def reset(self, seed=None):
        self.place, self.steps = random.Random(seed).randint(0, 3), 0
        return [self.place, self.steps], {}

    def step(self, action):
        if action == 9:
            raise ValueError("nine is not\na good action")
        if action == 8:
            os._exit(7)
        self.place += 1 if action == 1 else -1
        self.steps += 1
        return [self.place, self.steps], -0.5, self.place == 5, self.steps == 8, {}


class Push(Walk):
    action_space = Box([-1.0, -2.0], [1.0, float("inf")])

    def step(self, action):
        self.place += action[0] + 2 * action[1]
        self.steps += 1
        return [self.place, self.steps], action[1], False, self.steps == 8, {}


class Strange(Walk):
    action_space = "anything"


class Stroll(Walk):
    action_space = Discrete(2)
