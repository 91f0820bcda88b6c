"""Who knows whom: the table of docs/architecture.md holds."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "movierec"
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")


def layers() -> dict[str, int]:
    """The layer of every module that the table names, counted from above."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer | modules |\n|---|---|\n")[2].partition("\n\n")[0]
    found: dict[str, int] = {}
    for number, row in enumerate(table.splitlines()):
        for name in re.findall(r"`(\w+)`", row):
            assert name not in found, f"{name} stands twice"
            found[name] = number
    return found


def imported(path: Path, package: str) -> set[str]:
    """The package's modules that a file imports anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            parts = node.module.split(".")
            if parts == [package]:
                found |= {alias.name for alias in node.names}
            elif parts[0] == package:
                found.add(parts[1])
        elif isinstance(node, ast.Import):
            found |= {
                one.name.split(".")[1] for one in node.names if one.name.startswith(f"{package}.")
            }
    return found


def test_the_table_names_every_module_and_no_other() -> None:
    assert sorted(layers()) == MODULES


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_from_its_own_layer_and_those_above(module: str) -> None:
    layer = layers()
    below = {
        name
        for name in imported(PACKAGE / f"{module}.py", "movierec") & set(layer)
        if layer[name] > layer[module]
    }
    assert not below


@pytest.mark.parametrize(
    "path",
    [path for part in ("src", "jobs", "scripts") for path in sorted((ROOT / part).rglob("*.py"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 250


def test_what_ships_to_the_cluster_knows_nothing_of_the_laptop_s_side() -> None:
    paths = [*PACKAGE.rglob("*.py"), *(ROOT / "jobs").glob("*.py")]
    assert {path.parent.name for path in paths} == {"movierec", "synthetic", "jobs"}
    for path in paths:
        text = path.read_text(encoding="utf-8")
        assert "movierec_dataproc" not in text, path
        assert "movierec_report" not in text, path
        assert "google" not in text.lower(), path


def test_the_laptop_s_side_starts_no_spark() -> None:
    for path in (ROOT / "src" / "movierec_dataproc").glob("*.py"):
        assert "pyspark" not in imports_of(path), path
        assert not {"session", "execution", "job"} & imported(path, "movierec"), path


def test_the_report_is_drawn_without_spark_and_without_google() -> None:
    for path in (ROOT / "src" / "movierec_report").glob("*.py"):
        assert not {"pyspark", "google", "movierec_dataproc"} & imports_of(path), path
        assert imported(path, "movierec") <= {"errors", "stages"}, path


def imports_of(path: Path) -> set[str]:
    """The packages that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
        elif isinstance(node, ast.Import):
            found |= {one.name.split(".")[0] for one in node.names}
    return found


@pytest.mark.parametrize(
    ("word", "allowed"),
    [
        ("pyspark.ml.recommendation", {"als"}),
        ("RankingEvaluator", {"metrics"}),
        ("SparkSession.builder", {"session"}),
    ],
)
def test_what_of_spark_is_known_in_one_place(word: str, allowed: set[str]) -> None:
    assert {name for name in MODULES if word in (PACKAGE / f"{name}.py").read_text()} == allowed
