# SPDX-License-Identifier: Apache-2.0
"""Knowledge flows one way: every #include names its own floor or a lower one (DESIGN, "The house").

Never looks at what a compiler would find: only at the spelling, <rankine/FLOOR/x.hpp> for public headers and
"FLOOR/x.hpp" for private ones.
"""
import tree

# Height of each floor. Floors of equal height do not know each other, except libraries.
HEIGHTS = {"core": 0, "serialize": 1, "scheduler": 1, "store": 1, "transport": 1, "journal": 1,
           "trace": 1.5, "simulate": 2, "runtime": 2, "api": 3,
           "apps": 5, "bench": 6}
LIBRARIES = ("forecast", "table", "many_models", "farm", "nn", "train", "tune", "rl", "data")
HEIGHTS.update((library, 4) for library in LIBRARIES)
TOOLBOXES = ("files", "plot")  # on core alone: any floor above may use them from inside
HEIGHTS.update((toolbox, 0.5) for toolbox in TOOLBOXES)


def floor_named(folder):
    """The floor of a folder below src/ or include/rankine/, None if it is no floor."""
    if folder == "detail":
        return "api"  # what the public headers' templates need and a user does not
    return folder if folder in HEIGHTS else None


def library_headed(file):
    """The library whose one header beside the public API's this is (rankine/many_models.hpp), else None."""
    stem = file.removesuffix(".hpp")
    return stem if stem in LIBRARIES else None


def floor_of_file(relative):
    """The floor a source file belongs to, None if its folder is no floor. `relative` is its path parts."""
    top = relative[0]
    if top in ("apps", "bench"):
        return top
    inner = relative[2:] if top == "include" else relative[1:]  # include/rankine/..., src/...
    if len(inner) == 1:
        return library_headed(inner[0]) or "api"
    return floor_named(inner[0])


def floor_of_include(mark, name):
    """The floor an include names; None for a system header or a neighbour in the same folder."""
    parts = name.split("/")
    if parts[0] == "rankine":
        return library_headed(parts[1]) or "api" if len(parts) == 2 else floor_named(parts[1]) or parts[1]
    return parts[0] if mark == '"' and len(parts) > 1 else None


def breach(own, mark, name):
    """Words that say what is wrong with an include in a file of floor `own`, None if nothing is."""
    if mark == '"' and (".." in name.split("/") or name.startswith("/")):
        return f'"{name}" leaves its folder: name the floor instead'
    if mark == '"' and name.startswith("rankine/"):
        return f'"{name}" is public: write <{name}>'
    other = floor_of_include(mark, name)
    if other is None or other == own:
        return None
    if own in ("apps", "bench") and mark == '"' and own == name.split("/")[0]:
        return None
    if other not in HEIGHTS:
        return f"{name} names no floor of the house"
    if own == "bench":
        return None  # benches may time any floor from inside
    if HEIGHTS[other] > HEIGHTS[own]:
        return f"{own} may not know {other}, which is above it: {name}"
    if HEIGHTS[other] == HEIGHTS[own] and own not in LIBRARIES:
        return f"{own} and {other} are neighbours that do not know each other: {name}"
    if HEIGHTS[own] > HEIGHTS["api"] and mark == '"' and other not in LIBRARIES + TOOLBOXES:
        return f"{own} stands on the public API only, not on {other}'s private \"{name}\""
    return None


def check(root):
    for path in tree.cpp_files(root, ("src", "include", "apps", "bench")):
        relative = path.relative_to(root).parts
        own = floor_of_file(relative)
        if own is None:
            yield path, None, f"{'/'.join(relative[:-1])} is no floor of the house"
            continue
        public = relative[0] == "include"
        for line, mark, name in tree.includes(path.read_text(errors="replace")):
            words = breach(own, mark, name)
            if words is None and public and mark == '"':
                words = f'a public header may not include "{name}", which is not installed'
            if words:
                yield path, line, words


if __name__ == "__main__":
    tree.main(check, "includes against the floors")
