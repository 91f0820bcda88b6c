"""docs/explore.ipynb on a finished run, cell by cell, in a Jupyter kernel."""

import json
import os
import re

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.paths import ROOT

PATH = ROOT / "docs" / "explore.ipynb"
CHARTS = {
    f"{name}-chart" for name in ("comparison", "bias", "activity", "segments", "correlations")
}


@pytest.fixture(scope="module")
def outputs(finished_run, tmp_path_factory):
    """The output of each code cell by its id; a failing cell is an error."""
    notebook = nbformat.read(PATH, as_version=4)
    environment = os.environ | {
        "CONF": "conf/sample.yaml",
        "SET": " ".join(finished_run.overrides),
        "IPYTHONDIR": str(tmp_path_factory.mktemp("ipython")),
    }
    # Jupyter starts a kernel where its notebook lies
    place = {"metadata": {"path": str(PATH.parent)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources=place)
    client.execute(env=environment)
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def shown(outputs, cell, kind="text/html"):
    """The one value that the cell shows."""
    (output,) = outputs[cell]
    return str(output["data"][kind])


def test_it_is_committed_without_outputs_and_with_ids_that_stay():
    notebook = nbformat.read(PATH, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    for cell in notebook.cells:
        assert re.fullmatch("[a-z]+(-[a-z]+)*", cell.id), "ids are names, not random"
        if cell.cell_type == "code":
            assert not cell.outputs, cell.id
            assert cell.execution_count is None, cell.id
    assert nbformat.writes(notebook) + "\n" == PATH.read_text("utf-8")


@pytest.mark.slow
def test_five_charts_of_the_report_are_shown_and_no_cell_warns(outputs):
    drawn = {cell for cell, put in outputs.items() if "<svg" in json.dumps(put)}
    assert drawn == CHARTS
    assert 'aria-label="NDCG@100 of each model' in shown(outputs, "comparison-chart")
    said = [one for cell in outputs.values() for one in cell if one["output_type"] == "stream"]
    assert [one["name"] for one in said] == ["stdout"]


@pytest.mark.slow
def test_the_tables_hold_what_the_run_found(outputs, finished_run):
    stages = re.findall(r"<th>(\w+)</th>", shown(outputs, "datasets"))
    assert {"ingest", "partition", "tune", "twins"} <= set(stages)
    for model in finished_run.summary["models"].values():
        assert f"{model['test']['ndcg_at_100']:.4f}" in shown(outputs, "models")
    compared = finished_run.summary["comparison"]["als_vs_popularity"]["test"]["ndcg_at_100"]
    for number in (compared["difference"], *compared["ci95"], compared["p_value"]):
        assert f"{number:.4f}" in shown(outputs, "comparison")
    better = shown(outputs, "losers", "text/plain").split()
    assert {"ALS", "popularity"} & set(better)
    assert shown(outputs, "favourites").count("<tr") == 1 + 10
    assert shown(outputs, "worst").count("<tr") == 1 + 5


@pytest.mark.slow
def test_the_most_similar_twins_are_shown(outputs):
    sentence, table = outputs["twins"]
    assert re.match(
        r"Users \d+ and \d+ have \d+ of \d+ movies in common \(Jaccard 0", sentence.text
    )
    assert table["data"]["text/html"].count("<tr") == 1 + 10
