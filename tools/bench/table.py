# SPDX-License-Identifier: Apache-2.0
"""Rows as a table of text."""
from rows import met


def short(number):
    """A number in at most nine characters."""
    if number is None:
        return ""
    size = abs(number)
    if size >= 1e6:
        return f"{number / 1e6:.4g} M"
    if size >= 1e4:
        return f"{number:,.0f}"
    return f"{number:.4g}"


def columns(lines):
    """Lines of cells, padded: the first column to the left, the others to the right."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:]))]
        yield "  ".join(cells).rstrip()


def table(rows):
    lines = [("name", "ranks", "value", "unit", "median", "raw", "ratio", "target", "met?")]
    for row in rows:
        good = met(row)
        lines.append((row["name"], str(row["ranks"] or ""), short(row["value"]), row["unit"],
                      short(row["median"]), short(row["raw_mpi_value"]), short(row["ratio"]),
                      short(row["target"]), "" if good is None else "yes" if good else "NO"))
    return "\n".join(columns(lines))
