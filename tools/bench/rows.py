# SPDX-License-Identifier: Apache-2.0
"""The JSON of the bench programs: a list of rows, or an object with "rows" and more. Reads it and says in a
sentence what is wrong with it; measures nothing.
"""
import json
import math

NUMBER_OR_NULL = ("median", "min", "p99", "raw_mpi_value", "ratio", "target")
TEXTS = ("name", "unit", "raw_is")
KEYS = {"value", "ranks", "better", *NUMBER_OR_NULL, *TEXTS}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def what_is_wrong(row):
    """A sentence, or None for a row that keeps the contract."""
    if not isinstance(row, dict):
        return f"a row is no object: {row!r}"
    name = row.get("name")
    if missing := KEYS - set(row):
        return f"row {name!r} lacks {', '.join(sorted(missing))}"
    if not name:
        return "a row has no name"
    for key in TEXTS:
        if not isinstance(row[key], str):
            return f"row {name!r}: {key} is no text"
    for key in NUMBER_OR_NULL:
        if row[key] is not None and not is_number(row[key]):
            return f"row {name!r}: {key} is neither a number nor null"
    if not is_number(row["value"]):
        return f"row {name!r}: the value is no number"
    if not isinstance(row["ranks"], int) or row["ranks"] < 0:
        return f"row {name!r}: ranks is no count"
    if row["better"] not in ("higher", "lower"):
        return f"row {name!r}: better is neither higher nor lower"
    if row["ratio"] is not None and (not row["raw_mpi_value"] or not math.isclose(
            row["ratio"], row["value"] / row["raw_mpi_value"], rel_tol=1e-6)):
        return f"row {name!r}: the ratio is not value / raw_mpi_value"
    return None


def load(path):
    """(rows, more): the rows of a file and a dictionary of what else is in it. Raises ValueError."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from None
    more = {}
    if isinstance(content, dict):
        more = {key: value for key, value in content.items() if key != "rows"}
        content = content.get("rows")
    if not isinstance(content, list):
        raise ValueError(f"{path}: has no list of rows")
    for row in content:
        if words := what_is_wrong(row):
            raise ValueError(f"{path}: {words}")
    return content, more


def met(row):
    """Whether the target is reached; None where there is none."""
    if row["target"] is None:
        return None
    if row["better"] == "higher":
        return row["value"] >= row["target"]
    return row["value"] <= row["target"]
