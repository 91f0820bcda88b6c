"""The page as a file: what it is drawn from, and what goes with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from movierec.errors import InputError
from movierec_report.drawing import draw
from tests.support import invented


def drawn(out: Path, **files: dict[str, Any]) -> str:
    """The page that is drawn of the JSON files."""
    for name, content in files.items():
        (out / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    page = draw(out, commands=["make run"])
    assert page is not None
    return page.read_text(encoding="utf-8")


def test_other_splits_are_shown_beside_the_evaluation_that_they_repeat(tmp_path: Path) -> None:
    assert "On other splits" not in drawn(tmp_path, report=invented.facts())
    assert "0.1234 ± 0.0056" in drawn(tmp_path, stability=invented.stability())


@pytest.mark.parametrize("of", [{"fingerprint": "0" * 16}, {"fingerprint": None}, {"version": 0}])
def test_splits_of_another_conf_archive_or_layout_are_not_shown(
    tmp_path: Path, of: dict[str, Any]
) -> None:
    # of another k: what the page would look up is not there
    other = invented.stability(models={}, **of)
    assert "On other splits" not in drawn(tmp_path, report=invented.facts(), stability=other)
    del other["fingerprint"]
    assert "On other splits" not in drawn(tmp_path, stability=other)


def test_a_page_of_other_facts_goes(tmp_path: Path) -> None:
    drawn(tmp_path, report=invented.facts())
    (tmp_path / "report.json").write_text('{"version": 2}')
    (tmp_path / "stability.json").write_text(json.dumps(invented.stability()))
    with pytest.raises(InputError, match="has the layout 2"):
        draw(tmp_path, commands=[])
    assert not (tmp_path / "report.html").exists()
    (tmp_path / "report.json").unlink()
    (tmp_path / "report.html").touch()
    assert draw(tmp_path, commands=[]) is None
    assert not (tmp_path / "report.html").exists()
