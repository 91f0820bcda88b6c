"""Where tests are: they mirror src. And a stage's job runs that stage."""

import ast
import functools

import pytest

from movierec.pipeline import dag
from tests.support.paths import ROOT

MODULES = [
    path.relative_to(ROOT / "src")
    for path in sorted((ROOT / "src").rglob("*.py"))
    if path.name not in ("__init__.py", "__main__.py")
]


@functools.cache
def docstrings():
    """What the tests say that they cover."""
    texts = (path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    return "\n".join(ast.get_docstring(ast.parse(text)) or "" for text in texts)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: ".".join(path.with_suffix("").parts))
def test_a_module_has_a_test_file_or_is_named_in_the_docstring_of_one(module):
    mirrored = ROOT / "tests" / module.parent / f"test_{module.name}"
    name = ".".join(module.with_suffix("").parts)
    assert mirrored.exists() or f"`{name}`" in docstrings()


@pytest.mark.parametrize("stage", dag.PIPELINE, ids=lambda stage: stage.name)
def test_a_job_runs_the_stage_that_names_it(stage):
    lines = (ROOT / "jobs" / f"{stage.job}.py").read_text("utf-8").splitlines()
    assert f"from movierec.stages.{stage.name} import run" in lines
    assert f"    sys.exit(main({stage.name.upper()}, run))" in lines
