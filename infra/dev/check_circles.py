#!/usr/bin/env -S python3 -B
"""Holds that what stands side by side in a folder uses each other in one direction only.

The files and folders of a folder are its rooms, a folder being one room with all that is in it. A file uses another one when
it names what that one defines; then its room uses the other's. No room may come back to itself that way: neither files in a
circle, nor two folders that use each other by different files.

  Rust        `use` and paths in the code, tests left out. Handing a name on (`pub use`) is no use, and a name that was
              handed on is its definition's. A `mod.rs` is no room of its folder but the folder itself: it uses what is in
              it, and what is in it may use what it defines. Methods are not seen, since no path says where they stand.
  JavaScript  imports, those of types too, since a reader follows them alike.

Reads the sources; builds nothing.
"""

import re
import sys
import tomllib
from collections import defaultdict
from os.path import normpath
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPTS = ["web/sdk/src", "web/shop/src", "web/player/src", "web/studio", "web/e2e", "bench/page", "infra/lists"]
# Of others, made, or sites for tests whose every file is a program of its own.
NO_SCRIPTS = {"node_modules", "dist", "pages"}

# (file, file that it uses), relative to ROOT: the line where it says so
Uses = dict[tuple[str, str], int]


def main() -> int:
    uses = {**rust_uses(), **script_uses()}
    found = circles(uses)
    for circle in found:
        print(f"check_circles: {circle}", file=sys.stderr)
    if not found:
        print(f"circles: none in {len({file for pair in uses for file in pair})} files and their folders")
    return 1 if found else 0


# --- the rooms ---


def circles(uses: Uses) -> list[str]:
    """Each in words: the folder, and one shortest way around with a line for every step."""
    steps = defaultdict(dict)  # folder: {(room, room): where}
    for (user, used), line in sorted(uses.items()):
        here, there = Path(user).parts, Path(used).parts
        same = next(place for place, (one, other) in enumerate(zip(here, there)) if one != other)
        if "mod.rs" not in (here[same], there[same]):
            steps["/".join(here[:same])].setdefault((here[same], there[same]), f"{user}:{line} uses {used}")
    words, told = [], set()
    for folder, where in sorted(steps.items()):
        for start in sorted({room for room, _ in where}):
            around = way_around(start, where)
            if around and not told & {(folder, room) for room in around}:
                told |= {(folder, room) for room in around}
                lines = (f"\n    {where[step]}" for step in zip(around, around[1:]))
                words.append(f"in {folder}: {' -> '.join(around)}{''.join(lines)}")
    return words


def way_around(start: str, steps: dict[tuple[str, str], str]) -> list[str] | None:
    """The shortest from a room back to it."""
    ways, reached = [[start]], set()
    for way in ways:
        for used in (used for user, used in steps if user == way[-1] and used not in reached):
            if used == start:
                return [*way, start]
            reached.add(used)
            ways.append([*way, used])
    return None


# --- JavaScript and TypeScript ---

IMPORT = re.compile(r"""^(?:import|export)\b[^;'"]*?['"](\.[^'"]+)['"]|\bimport\(\s*['"](\.[^'"]+)['"]""", re.MULTILINE)


def script_uses() -> Uses:
    uses = {}
    for file in (file for folder in SCRIPTS for file in sorted((ROOT / folder).rglob("*.*"))):
        if file.suffix not in (".ts", ".js", ".mjs") or NO_SCRIPTS & set(file.relative_to(ROOT).parts):
            continue
        text = file.read_text()
        for found in IMPORT.finditer(text):
            used = Path(normpath(file.parent / (found[1] or found[2])))
            if used != file:
                uses.setdefault((relative(file), relative(used)), line_of(text, found.start()))
    return uses


# --- Rust ---

NO_CODE = re.compile(r"""//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?'(?:\\[^\n]+?|[^\\'\n])'""", re.DOTALL)
FOR_TESTS = re.compile(r"#\[cfg\((?:all\()?test\b[^\]]*\]")
USE = re.compile(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);")
MODULE = re.compile(r"\bmod\s+(\w+)\s*;")
DEFINED = re.compile(r"\b(?:fn|struct|enum|union|trait|type|const|static|macro_rules!)\s+(\w+)")
PATH = re.compile(r"(?<![\w:.])(?:\w+::)+\w+")


class Module:
    """A file of a crate: what it defines, imports and says, and the modules in it."""

    def __init__(self, file: Path, parent: "Module | None" = None):
        code = code_of(file)
        folder = file.parent if file.name in ("mod.rs", "lib.rs", "main.rs") else file.with_suffix("")
        self.file, self.parent, self.root = file, parent, parent.root if parent else self
        body = USE.sub(blank, code)
        self.defined = set(DEFINED.findall(body))
        self.imports = []  # (name in this file, path)
        self.said = [(found[0].split("::"), line_of(body, found.start())) for found in PATH.finditer(body)]
        for use in USE.finditer(code):
            for path, name in use_tree(use[2]):
                self.imports.append((name, path))
                if not use[1] or re.search(rf"\b{name}\b", body):
                    self.said.append((path, line_of(code, use.start())))
        self.modules = {
            name: Module(next(filter(Path.exists, (folder / f"{name}.rs", folder / name / "mod.rs"))), self)
            for name in MODULE.findall(body)
        }

    def all(self) -> list["Module"]:
        return [self, *(inner for module in self.modules.values() for inner in module.all())]


def rust_uses() -> Uses:
    uses = {}
    for member in tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["members"]:
        roots = [ROOT / member / "src" / name for name in ("lib.rs", "main.rs")]
        modules = [module for root in roots if root.exists() for module in Module(root).all()]
        library = (member.replace("-", "_"), modules[0].root)
        for module in modules:
            for path, line in module.said:
                used = definition(module, path, library)
                if used and used is not module:
                    uses.setdefault((relative(module.file), relative(used.file)), line)
    return uses


def definition(at: Module, path: list[str], library: tuple[str, Module], steps_left: int = 20) -> Module | None:
    """The file that defines what the path names, seen from a module; none for a module itself and for other crates' names."""
    for place, part in enumerate(path if steps_left else []):
        rest = path[place + 1 :]
        if part in ("self", "crate", "super"):
            at = {"self": at, "crate": at.root, "super": at.parent or at}[part]
        elif part in at.modules:
            at = at.modules[part]
        elif part in at.defined:
            return at
        else:
            handed_on = [[*imported, *rest] for name, imported in at.imports if name == part and imported != [part]]
            handed_on += [[*imported, part, *rest] for name, imported in at.imports if name == "*"]
            found = [definition(at, longer, library, steps_left - 1) for longer in handed_on]
            if place == 0 and part == library[0]:
                found.append(definition(library[1], rest, library, steps_left))
            return next(filter(None, found), None)
    return None


def use_tree(tree: str) -> list[tuple[list[str], str]]:
    """`a::{b, c as d, e::*}` as (path, name in this file): (a b, b), (a c, d), (a e, *)."""
    head, brace, inside = tree.strip().partition("{")
    if brace:
        return [found for branch in branches(inside.rstrip().removesuffix("}")) for found in use_tree(head.strip() + branch)]
    path, _, name = head.partition(" as ")
    *parts, last = (part.strip() for part in path.split("::"))
    if last == "*":
        return [(parts, "*")]
    parts += [] if last == "self" else [last]
    return [(parts, name.strip() or parts[-1])]


def branches(inside: str) -> list[str]:
    """Parts between the commas that stand in no further braces."""
    depth, found = 0, [""]
    for letter in inside:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    return [branch.strip() for branch in found if branch.strip()]


def code_of(file: Path) -> str:
    """Without comments, texts and tests, every line in its place."""
    code = NO_CODE.sub(blank, file.read_text())
    while found := FOR_TESTS.search(code):
        depth = 0
        for end in range(found.end(), len(code)):
            depth += {"{": 1, "(": 1, "[": 1, "}": -1, ")": -1, "]": -1}.get(code[end], 0)
            if depth == 0 and code[end] in ";}":
                break
        item = code[found.start() : end + 1]
        code = code.replace(item, re.sub(r"[^\n]", " ", item), 1)
    return code


def blank(found: re.Match) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def relative(file: Path) -> str:
    return str(file.relative_to(ROOT))


if __name__ == "__main__":
    sys.exit(main())
