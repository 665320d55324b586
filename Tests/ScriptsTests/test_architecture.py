"""docs/architecture.md: imports point downwards, the drawing matches Package.swift, and every named file exists."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Tests, their support and examples may import anything.
OUTSIDE = {"TestSupport", "FaultyDecoder", "DetectExample"}


def declared() -> dict[str, set[str]]:
    """Returns the targets of Package.swift that are not tests, with their dependencies on each other."""
    text = (ROOT / "Package.swift").read_text()
    # A dependency with a condition counts like one without.
    text = re.sub(r'\.target\(name: ("\w+"), condition: \.when\(traits: \["\w+"\]\)\)', r"\1", text)
    starts = list(re.finditer(r"\.(systemLibrary|target|executableTarget|testTarget)\(\s*name: \"(\w+)\"", text))
    targets = {}
    for match, following in zip(starts, [*starts[1:], None]):
        if match[1] == "testTarget" or match[2] in OUTSIDE:
            continue
        body = text[match.end() : following.start() if following else None]
        found = re.search(r"dependencies: \[(.*?)\n? *\],?\s*(?:path|swiftSettings|linkerSettings|\))", body, re.DOTALL)
        # Products of other packages are named in calls of .product.
        own = re.sub(r"\.product\([^)]*\)", "", found[1]) if found else ""
        targets[match[2]] = set(re.findall(r'"(\w+)"', own))
    return targets


def drawn() -> tuple[dict[str, set[str]], dict[str, int]]:
    """Returns the drawing's arrows, and each target's layer, counted from the top."""
    page = (ROOT / "docs/architecture.md").read_text()
    block = re.search(r"## Targets.*?```\n(.*?)```", page, re.DOTALL)
    assert block, "docs/architecture.md has no drawing under Targets"
    arrows, layers, layer = {}, {}, 0
    for line in block[1].splitlines():
        if line.startswith("───"):
            layer += 1
            continue
        # Names are one or two spaces apart; the description comes after more.
        match = re.match(r"((?:\w+ {1,2})*\w+) *(?:─► ((?:\w+ )*\w+))?", line)
        assert match, f"a line of the drawing has no target: {line}"
        for name in match[1].split():
            arrows[name] = set((match[2] or "").split())
            layers[name] = layer
    return arrows, layers


def reachable(graph: dict[str, set[str]], start: str) -> set[str]:
    found: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        if (name := waiting.pop()) not in found:
            found.add(name)
            waiting += graph[name]
    return found


def reduced(graph: dict[str, set[str]]) -> dict[str, set[str]]:
    """Returns the arrows that do not follow from others."""
    return {
        name: {end for end in ends if not any(end in reachable(graph, other) for other in ends - {end})}
        for name, ends in graph.items()
    }


def imports(target: str) -> dict[str, set[str]]:
    """Returns the modules that each Swift file of a target imports."""
    pattern = re.compile(r"^\s*(?:(?:public|package|internal|private|@\w+) )*import (\w+)", re.MULTILINE)
    folder = ROOT / "Sources" / target
    return {
        str(path.relative_to(ROOT)): set(pattern.findall(path.read_text())) for path in sorted(folder.rglob("*.swift"))
    }


class ArchitectureTests(unittest.TestCase):
    def setUp(self) -> None:
        self.graph = declared()
        self.arrows, self.layers = drawn()

    def test_the_drawing_has_every_target(self) -> None:
        self.assertEqual(set(self.layers), set(self.graph))

    def test_the_drawing_has_the_arrows_of_the_package(self) -> None:
        self.assertEqual(self.arrows, reduced(self.graph))

    def test_dependencies_point_downwards(self) -> None:
        for name, ends in self.graph.items():
            for end in ends:
                self.assertLess(self.layers[name], self.layers[end], f"{name} depends on {end}")

    def test_imports_point_downwards_and_are_declared(self) -> None:
        for target in self.graph:
            for path, modules in imports(target).items():
                for module in modules & set(self.graph):
                    self.assertLess(self.layers[target], self.layers[module], f"{path} imports {module}")
                    self.assertIn(module, self.graph[target], f"{path} imports {module}, which is not declared")

    def test_declared_dependencies_are_used(self) -> None:
        for target, ends in self.graph.items():
            used = set().union(*imports(target).values()) if imports(target) else set()
            self.assertEqual(ends - used, set(), f"{target} does not import these")

    def test_every_named_file_exists(self) -> None:
        page = (ROOT / "docs/architecture.md").read_text()
        paths = set(re.findall(r"`((?:[\w+]+/)+[\w+]+\.(?:swift|md|py))`", page))
        self.assertGreater(len(paths), 15)
        for path in paths:
            own = [ROOT / path, ROOT / "Sources" / path, ROOT / "Sources/YOLO" / path]
            self.assertTrue(any(candidate.is_file() for candidate in own), f"{path} does not exist")

    def test_a_request_passes_through_at_most_ten_files(self) -> None:
        page = (ROOT / "docs/architecture.md").read_text()
        walk = page.partition("## A request")[2].partition("\n## ")[0]
        self.assertLessEqual(len(re.findall(r"^\d+\. ", walk, re.MULTILINE)), 10)


if __name__ == "__main__":
    unittest.main()
