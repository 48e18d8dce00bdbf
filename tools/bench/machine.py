# SPDX-License-Identifier: Apache-2.0
"""What a figure was measured on: a dictionary for build/bench.json."""
import os
import platform
import subprocess


def first_line(command):
    """Of what a command prints; empty where it cannot be run."""
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError, IndexError):
        return ""


def field(path, name, separator):
    """The first value of a field in a file of `name separator value` lines."""
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                key, found, value = line.partition(separator)
                if found and key.strip() == name:
                    return value.strip().strip('"')
    except OSError:
        pass
    return ""


def cpus_granted():
    """The affinity mask, and a control group's quota rounded up."""
    cpus = len(os.sched_getaffinity(0))
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="utf-8") as file:
            quota, period = file.read().split()
        if quota != "max":
            cpus = min(cpus, -(-int(quota) // int(period)))
    except (OSError, ValueError):
        pass
    return cpus


def describe():
    memory = field("/proc/meminfo", "MemTotal", ":").split()
    return {
        "host": platform.node(),
        "processor": field("/proc/cpuinfo", "model name", ":") or platform.machine(),
        "virtual": "hypervisor" in field("/proc/cpuinfo", "flags", ":").split(),
        "cpus": cpus_granted(),
        "memory_gib": round(int(memory[0]) / 2**20, 1) if memory else None,
        "system": field("/etc/os-release", "PRETTY_NAME", "="),
        "kernel": platform.release(),
        "mpi": first_line(["mpirun", "--version"]),
        "compiler": first_line([os.environ.get("CXX", "c++"), "--version"]),
        "load_before": round(os.getloadavg()[0], 2),
    }
