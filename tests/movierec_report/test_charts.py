"""The charts of the report, and their theme in notebooks.

Covers `movierec_report.data_charts`, `movierec_report.model_charts`, `movierec_report.theme`,
`movierec_report.twin_charts`, `movierec_report.segment_charts`.
"""

import re

import pytest

from movierec_report import theme
from movierec_report.charts import draw_charts
from movierec_report.model_charts import heat_maps, metric_by_group
from tests.support import invented


@pytest.fixture(scope="module")
def charts():
    return draw_charts(invented.facts())


def test_every_kind_of_chart_is_drawn(charts):
    assert {"comparison_test", "bias", "activity", "correlations", "rmse"} <= set(charts)


def test_without_explicit_trials_there_is_no_rmse_chart():
    assert "rmse" not in draw_charts(invented.facts(trials=invented.implicit_trials()))


@pytest.mark.parametrize("groups", [*range(1, 13), 20, 100])
def test_any_number_of_groups_is_drawn(groups):
    strata = [invented.stratum(n % 6) for n in range(groups)]
    summary = invented.summary()
    for split in invented.HELD_OUT:
        summary["strata"][split] = dict.fromkeys(summary["strata"][split], strata)
    bias = {"test": {model: {"shares": [1 / groups] * groups} for model in invented.MODELS}}
    assert "bias" in draw_charts(invented.facts(summary=summary, bias=bias))


@pytest.mark.parametrize("count", [1, 2, 30])
def test_any_number_of_segments_is_drawn(count):
    facts = invented.facts(summary=invented.summary(segments=invented.segments(count=count)))
    profiles = [invented.profile(1) | {"segment": n} for n in range(1, count + 1)]
    users = [{"user_id": n, "segment": n, "x": n, "y": n} for n in range(1, count + 1)]
    traits = [invented.trait(n, "War") for n in range(1, count + 1)]
    facts["segments"] = {"profiles": profiles, "map": users, "traits": traits}
    drawn = draw_charts(facts)
    assert {"segment_sizes", "segment_map", "segment_traits", "segment_stability"} <= set(drawn)
    facts["segments"] = {"profiles": profiles, "map": [], "traits": []}
    assert "segment_traits" not in draw_charts(facts)


@pytest.mark.parametrize("value", [0.0, 1e-12, 1.0])
@pytest.mark.parametrize("n", [1, 2])
def test_any_trials_are_drawn(n, value):
    trials = [*invented.implicit_trials()[:n], *invented.explicit_trials()[:n]]
    drawn = draw_charts(invented.facts(trials=[one | {"ndcg": value} for one in trials]))
    assert "rmse" in drawn


def test_a_group_without_a_value_has_no_bar():
    def bars(strata, metric):
        return len(metric_by_group(strata, metric, x="", y="").axes[0].patches)

    strata = [invented.stratum(n) for n in range(4)]
    none = {"ndcg": None, "recall": None}
    undefined = strata[0] | dict.fromkeys(("ease", "als", "popularity"), none)
    for metric in ("ndcg", "recall"):
        assert bars(strata, metric) == 12
        assert bars([undefined, *strata[1:]], metric) == 9
        assert bars([undefined], metric) == 0


def test_a_chart_defines_its_colours_for_light_and_dark(charts):
    for chart in charts.values():
        text = chart._repr_html_()
        used = set(re.findall(r"var\(--(\w+)\)", text))
        assert "ink" in used
        light, dark = re.findall(r"\{([^}]*--ink[^}]*)\}", text)
        assert used <= set(re.findall(r"--(\w+):", light))
        assert used <= set(re.findall(r"--(\w+):", dark))
        assert theme.LIGHT["ink"] in light
        assert theme.DARK["ink"] in dark


def test_the_theme_of_the_notebook_decides_not_that_of_the_browser(charts):
    text = charts["stars"]._repr_html_()
    assert "prefers-color-scheme" not in text
    for dark in ('[data-jp-theme-light="false"]', ".vscode-dark"):
        assert f"{dark} .movierec-chart" in text
    # only the chart itself is styled
    selectors = re.findall(r"^([^{}<>]+) \{", text, re.MULTILINE)
    assert len(selectors) == 3
    assert all(".movierec-chart" in one for all_of in selectors for one in all_of.split(","))


def test_the_best_cell_is_a_cell_that_is_shown():
    # on few users, in the first round of successive halving, every trial had a higher metric
    rung = {"user_fraction": 0.1, "ndcg": 0.9}
    few = [one | rung for one in invented.implicit_trials()]
    trials = [*few, *invented.implicit_trials()]
    (heat_map,) = heat_maps(trials, metric="ndcg")
    shown = {(rank, reg) for rank in heat_map.sizes for reg in heat_map.reg_params}
    assert {one for one in shown if heat_map.is_best(*one)} == {(32, 1.0)}
    assert heat_map.shade(32, 1.0) == 100
    assert heat_map.best == heat_map.values[32, 1.0]
