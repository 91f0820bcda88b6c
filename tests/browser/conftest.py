"""A Chromium, and the pages to open in it: an invented one, and those that runs have left."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from movierec_report.page import render
from tests.support import invented
from tests.support.paths import ROOT

LEFT_BY_RUNS = sorted((ROOT / "out").glob("*/report.html"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium as Debian and others install it; a missing one fails."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "there is no chromium on PATH: install it (apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session", params=[None, *LEFT_BY_RUNS], ids=lambda p: p and p.parent.name)
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report: of invented facts, or what a run left in out/."""
    if request.param is not None:
        left: Path = request.param
        return left
    path = tmp_path_factory.mktemp("invented") / "report.html"
    command = "make run CONF=conf/small.yaml SET='als.seed=2'"
    text = render(
        invented.facts(),
        title="invented",
        commands=[command],
        commit="0a1b2c3d4e5f",
        stability=invented.stability(),
    )
    path.write_text(text, encoding="utf-8")
    return path
