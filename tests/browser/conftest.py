"""Chromium, and the reports to open in it: an invented one, and those of the runs in out/."""

import shutil

import pytest
from playwright.sync_api import sync_playwright

from movierec_report.page import render
from tests.support import invented
from tests.support.paths import ROOT

REPORTS_OF_RUNS = sorted((ROOT / "out").glob("*/report.html"))


@pytest.fixture(scope="session")
def browser():
    """The Chromium on PATH; the tests fail if there is none."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "there is no chromium on PATH: install it (apt-get install chromium)"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session", params=[None, *REPORTS_OF_RUNS], ids=lambda p: p and p.parent.name)
def report(request, tmp_path_factory):
    """A report: of invented facts, or of a run in out/."""
    if request.param is not None:
        return request.param
    path = tmp_path_factory.mktemp("invented") / "report.html"
    text = render(
        invented.facts(),
        title="Invented ratings: how good are the recommendations?",
        command="make run CONF=conf/small.yaml SET='als.seed=2'",
        commit="0a1b2c3d4e5f",
        stability=invented.stability(),
    )
    path.write_text(text, encoding="utf-8")
    return path
