# SPDX-License-Identifier: Apache-2.0
"""compare.py OLD.json NEW.json: the ratio of each row of one build/bench.json to an earlier one's, above 1
where the new one is better. compare.py --check FILE.json only says whether the file can be read.
"""
import sys

import rows as bench_rows
from table import columns, short


def keyed(rows):
    return {(row.get("program", ""), row["name"], row["ranks"]): row for row in rows}


def gain(old, new):
    """How much better new is than old; None where one is nothing."""
    if not old["value"] or not new["value"]:
        return None
    ratio = new["value"] / old["value"]
    return ratio if new["better"] == "higher" else 1 / ratio


def comparison(old_rows, new_rows):
    """Text: a line a row that both have, and the names of those that only one has."""
    old, new = keyed(old_rows), keyed(new_rows)
    lines = [("name", "ranks", "old", "new", "unit", "better by")]
    for key, row in new.items():
        if key in old:
            lines.append((row["name"], str(row["ranks"] or ""), short(old[key]["value"]), short(row["value"]),
                          row["unit"], short(gain(old[key], row))))
    text = list(columns(lines))
    for words, missing in (("only in the old file", old.keys() - new.keys()),
                           ("only in the new file", new.keys() - old.keys())):
        if missing:
            text.append(f"{words}: " + ", ".join(sorted(f"{name} ({ranks})" for _, name, ranks in missing)))
    return "\n".join(text)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: compare.py OLD.json NEW.json, or compare.py --check FILE.json")
    try:
        if sys.argv[1] == "--check":
            bench_rows.load(sys.argv[2])
            return
        old, _ = bench_rows.load(sys.argv[1])
        new, _ = bench_rows.load(sys.argv[2])
    except ValueError as error:
        print(f"bench.sh: {error}", file=sys.stderr)
        sys.exit(2)
    print(comparison(old, new))


if __name__ == "__main__":
    main()
