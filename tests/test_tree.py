"""Where tests are: they mirror src."""

import ast
import functools

import pytest

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
