# SPDX-License-Identifier: Apache-2.0
"""Draws what build/bench.json holds: rates beside raw MPI and Ray, rates by ranks, efficiency against grain,
and the scheduler against workers. Without matplotlib, or without rows for a picture, it draws nothing.
"""
import math
import re

import ray

OURS, RAW, RAYS = "#1f6fb4", "#9aa5ae", "#d98b2b"
LINES = ("#1f6fb4", "#d98b2b", "#3a8f5c", "#a4457d", "#6b6fc4", "#7d6b55", "#c0392b", "#2b9aa3")


def new_figure(width, height, rows=1, columns=1, **options):
    import matplotlib
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False,
                         "axes.titlesize": 10, "axes.grid": True, "grid.color": "#e6e6e6",
                         "axes.axisbelow": True, "legend.frameon": False, "figure.dpi": 120})
    return plt.subplots(rows, columns, figsize=(width, height), squeeze=False, layout="constrained",
                        **options)


def legend_below(figure, handles, inches=0.3, columns=4):
    """A legend in a strip of its own at the bottom."""
    figure.get_layout_engine().set(rect=(0, inches / figure.get_figheight(), 1,
                                         1 - inches / figure.get_figheight()))
    figure.legend(handles=handles, loc="lower center", ncols=columns, fontsize=8)


def words_for(number):
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def per_second(rows, ranks):
    """Rows of calls, tasks and the like a second, but for those that only stand beside others."""
    return [row for row in rows if row["ranks"] == ranks and row["unit"] == "1/s"
            and row.get("program") == "rankine-bench-core" and not row["name"].startswith("raw_")]


def machine_words(result):
    machine = result["machine"]
    return (f"{machine['cpus']} CPUs of {machine['processor']}{', virtual' if machine['virtual'] else ''}, "
            f"{machine['system']}, {result['date'][:10]}")


def draw_rates(result, path):
    ranks = 2
    shown = per_second(result["rows"], ranks)
    if not shown:
        return False
    figure, axes = new_figure(9, 0.42 * len(shown) + 1.4)
    axis = axes[0][0]
    places = range(len(shown), 0, -1)
    for place, row in zip(places, shown):
        bars = [(row["value"], OURS), (row["raw_mpi_value"], RAW), (ray.PER_SECOND.get(row["name"]), RAYS)]
        for number, (value, colour) in enumerate(bars):
            if value:
                at = place + 0.27 - 0.27 * number
                axis.barh(at, value, height=0.25, color=colour)
                axis.text(value * 1.12, at, words_for(value), va="center", fontsize=6.5, color="#444444")
    axis.set_xscale("log")
    axis.set_xlim(1, 3 * max(max(row["value"], row["raw_mpi_value"] or 0) for row in shown))
    axis.set_yticks(list(places), [row["name"] for row in shown])
    axis.set_ylim(0.3, len(shown) + 0.7)
    axis.grid(axis="y", visible=False)
    axis.set_xlabel("a second (logarithmic)")
    figure.suptitle(f"Rates on {ranks} ranks beside raw MPI in the same run, and Ray's own figures\n"
                    f"{machine_words(result)}", x=0.01, ha="left", fontsize=10)
    from matplotlib.patches import Patch
    legend_below(figure, [Patch(color=OURS, label="Rankine"), Patch(color=RAW, label="raw MPI, same run"),
                          Patch(color=RAYS, label="Ray, 64 cores")])
    figure.savefig(path)
    return True


SCALED = (("one submitter", ("single_client_tasks_sync", "single_client_tasks_async",
                             "single_client_tasks_map", "1_1_actor_calls_async")),
          ("many submitters", ("multi_client_tasks_async", "1_n_actor_calls_async", "n_n_actor_calls_async",
                               "multi_client_put_calls")))


def draw_scaling(result, path):
    rows = [row for row in result["rows"] if row.get("program") == "rankine-bench-core"]
    counts = sorted({row["ranks"] for row in rows})
    if len(counts) < 2:
        return False
    figure, axes = new_figure(9, 4.2, 1, len(SCALED), sharey=True)
    for axis, (title, names) in zip(axes[0], SCALED):
        for colour, name in zip(LINES, names):
            points = sorted((row["ranks"], row["value"]) for row in rows if row["name"] == name)
            axis.plot(*zip(*points), marker="o", markersize=4, color=colour, label=name) if points else None
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.minorticks_off()
        axis.set_xlabel("ranks")
        axis.set_title(title, loc="left")
        axis.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)
    axes[0][0].set_ylabel("a second")
    figure.suptitle(f"Rates by ranks on {result['machine']['cpus']} CPUs", x=0.01, ha="left", fontsize=10)
    figure.savefig(path)
    return True


def draw_metg(result, path):
    curves = result.get("curves", [])
    patterns = list(dict.fromkeys(curve["pattern"] for curve in curves))
    if not patterns:
        return False
    systems = list(dict.fromkeys((curve["system"], curve["ranks"]) for curve in curves))
    colours = dict(zip(dict.fromkeys(system for system, _ in systems), LINES))
    styles = dict(zip(sorted({ranks for _, ranks in systems}), ("-", "--", ":", "-.")))
    columns = min(3, len(patterns))
    figure, axes = new_figure(3.4 * columns, 2.7 * math.ceil(len(patterns) / columns) + 0.8,
                              math.ceil(len(patterns) / columns), columns, sharex=True, sharey=True)
    cells = [axis for line in axes for axis in line]
    for axis, pattern in zip(cells, patterns):
        for curve in curves:
            if curve["pattern"] == pattern and curve["points"]:
                points = sorted(curve["points"])
                axis.plot([at for at, _ in points], [100 * part for _, part in points], linewidth=1.3,
                          color=colours[curve["system"]], linestyle=styles[curve["ranks"]])
        axis.axhline(50, color="#888888", linewidth=0.8)
        axis.set_xscale("log")
        axis.set_ylim(0, 105)
        axis.set_title(pattern, loc="left")
    for axis in cells[len(patterns):]:
        axis.set_visible(False)
    for axis in axes[-1]:
        axis.set_xlabel("granularity, us a task")
    for line in axes:
        line[0].set_ylabel("efficiency, %")
    from matplotlib.lines import Line2D
    handles = [Line2D([], [], color=colour, label=system) for system, colour in colours.items()]
    handles += [Line2D([], [], color="#444444", linestyle=style, label=f"{ranks} ranks")
                for ranks, style in styles.items()]
    legend_below(figure, handles, columns=min(8, len(handles)))
    figure.suptitle("Efficiency against the grain of tasks; METG(50 %) is where a line crosses 50 %",
                    x=0.01, ha="left", fontsize=10)
    figure.savefig(path)
    return True


def workers_of(row):
    """The workers that a row of the scheduler bench names at its end: ..._500_workers, ..._100k_workers."""
    match = re.search(r"_(\d+)(k?)_workers$", row["name"])
    return int(match[1]) * (1000 if match[2] else 1) if match else None


def draw_scheduler(result, path):
    rows = [row for row in result["rows"] if row.get("program") == "rankine-bench-scheduler"
            and row["unit"] == "1/s" and workers_of(row)]
    if not rows:
        return False
    series = {}
    for row in rows:
        name = re.sub(r"_\d+k?_workers$", "", row["name"]).replace("_", " ")
        series.setdefault(name, []).append((workers_of(row), row["value"] / 1e6))
    figure, axes = new_figure(6.4, 3.8)
    axis = axes[0][0]
    for colour, (name, points) in zip(LINES, series.items()):
        axis.plot(*zip(*sorted(points)), marker="o", markersize=4, color=colour, label=name)
    axis.axhline(1, color="#888888", linewidth=0.8)
    axis.set_xscale("log")
    axis.set_ylim(bottom=0)
    axis.set_xlabel("workers")
    axis.set_ylabel("million a second")
    axis.set_title("The scheduler alone, on one core", loc="left")
    axis.legend(fontsize=8)
    figure.savefig(path)
    return True


def draw_all(result, folder):
    """The paths of the pictures that were drawn."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        return []
    drawn = []
    for name, draw in (("rates", draw_rates), ("ranks", draw_scaling), ("metg", draw_metg),
                       ("scheduler", draw_scheduler)):
        path = folder / f"{name}.png"
        path.unlink(missing_ok=True)
        if draw(result, path):
            drawn.append(str(path))
    return drawn
