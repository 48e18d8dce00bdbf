// SPDX-License-Identifier: Apache-2.0
// The Python side of the bridge. It needs the standard library only (and gymnasium for its environments).
#include "rl/bridge/script.hpp"

namespace rankine::rl {

const char* const kBridgeScript = R"python(
import importlib.util, math, mmap, os, socket, sys, traceback

link = socket.socket(fileno=3)
lines = link.makefile("r")
name, count, steps_max = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def say(text):
    link.sendall((text.replace("\n", " ") + "\n").encode())


def make():
    if ".py:" in name:
        path, _, inner = name.rpartition(":")
        spec = importlib.util.spec_from_file_location("rankine_environment", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, inner)()
    import gymnasium
    return gymnasium.make(name, **({"max_episode_steps": steps_max} if steps_max > 0 else {}))


def flat(values):
    values = values.reshape(-1).tolist() if hasattr(values, "reshape") else values
    return [float(x) for x in values] if hasattr(values, "__iter__") else [float(values)]


def size(space, what):
    """(numbers, whether discrete)"""
    if hasattr(space, "n"):
        return int(space.n), True
    if hasattr(space, "low") and hasattr(space, "shape"):
        return math.prod(space.shape), False
    raise TypeError(f"its {what} space {space} is neither Box nor Discrete")


class Batch:
    def __init__(self):
        self.environments = [make() for _ in range(count)]
        first = self.environments[0]
        self.width, self.coded = size(first.observation_space, "observation")
        self.actions, self.discrete = size(first.action_space, "action")
        self.start = int(getattr(first.action_space, "start", 0)) if self.discrete else 0
        limit = getattr(getattr(first, "spec", None), "max_episode_steps", None) or 0
        limit = steps_max if steps_max >= 0 else limit
        box = [] if self.discrete else flat(first.action_space.low) + flat(first.action_space.high)
        say(" ".join(str(x) for x in ["spaces", self.width, int(self.discrete), self.actions, limit, *box]))
        self.steps = [0] * count

    def map(self):
        memory = memoryview(mmap.mmap(4, 0))
        place = 0

        def part(kind, numbers, bytes_each):
            nonlocal place
            view = memory[place:place + numbers * bytes_each].cast(kind)
            place += -(-numbers * bytes_each // 64) * 64
            return view
        self.seeds = part("Q", count, 8)
        self.observations = part("f", count * self.width, 4)
        self.last = part("f", count * self.width, 4)
        self.rewards = part("f", count, 4)
        self.terminated = part("B", count, 1)
        self.truncated = part("B", count, 1)
        self.chosen = part("i", count, 4) if self.discrete else part("f", count * self.actions, 4)

    def write(self, to, i, observation):
        row = i * self.width
        if self.coded:
            values = [0.0] * self.width
            values[int(observation) - int(getattr(self.environments[i].observation_space, "start", 0))] = 1.0
        else:
            values = flat(observation)
        for k, value in enumerate(values):
            to[row + k] = value

    def begin(self, i):
        observation, _ = self.environments[i].reset(seed=int(self.seeds[i]))
        self.steps[i] = 0
        self.write(self.observations, i, observation)

    def act(self, i):
        environment = self.environments[i]
        if self.discrete:
            action = self.chosen[i] + self.start
        else:
            action = list(self.chosen[i * self.actions:(i + 1) * self.actions])
            if hasattr(environment.action_space.low, "reshape"):
                import numpy
                space = environment.action_space
                action = numpy.array(action, dtype=space.dtype).reshape(space.shape)
        observation, reward, terminated, truncated, _ = environment.step(action)
        self.steps[i] += 1
        truncated = bool(truncated) or (steps_max > 0 and self.steps[i] >= steps_max)
        self.rewards[i] = float(reward)
        self.terminated[i] = bool(terminated)
        self.truncated[i] = truncated and not terminated
        self.write(self.observations, i, observation)
        return bool(terminated) or truncated, observation

    def step(self):
        for i in range(count):
            over, observation = self.act(i)
            if over:
                self.write(self.last, i, observation)
                self.begin(i)


try:
    batch = Batch()
    for line in lines:
        word, *numbers = line.split()
        if word == "map":
            batch.map()
        elif word == "step":
            batch.step()
        elif word == "reset":
            for i in range(count):
                batch.begin(i)
        elif word == "begin":
            batch.begin(int(numbers[0]))
        elif word == "act":
            batch.act(int(numbers[0]))
        say("ok")
except BaseException as error:
    try:
        say("error " + "".join(traceback.format_exception_only(type(error), error)).strip())
    except OSError:
        pass
os._exit(0)
)python";

}  // namespace rankine::rl
