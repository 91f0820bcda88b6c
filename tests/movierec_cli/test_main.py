"""The subcommands of `movierec`.

Covers `movierec_cli.commands`.
"""

import pytest

from movierec import __version__
from movierec.pipeline.dag import PIPELINE
from movierec_cli.main import main
from tests.support.paths import ROOT

SAMPLE = ROOT / "conf" / "sample.yaml"
COMMANDS = [
    *("run", *(stage.name for stage in PIPELINE)),
    *("stability", "doctor", "data", "lists", "export"),
]


@pytest.mark.parametrize("command", COMMANDS)
def test_check_config_reads_the_conf_and_does_nothing_else(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([command, "--config", str(SAMPLE), "--check-config"]) == 0
    assert list(tmp_path.iterdir()) == []
    assert main([command, "--config", str(SAMPLE), "--set", "als.seed=x", "--check-config"]) == 2


def test_a_conf_of_the_package_is_known_by_its_name(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["run", "--config", "sample", "--set", "als.seed=7", "--print-config"]) == 0
    shown = capsys.readouterr().out
    assert "archive: file:data/ml-sample.zip" in shown
    assert "num_item_blocks: null" in shown, "defaults are shown too"
    assert "seed: 7" in shown


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    for command in (*COMMANDS, "generate", "prune"):
        assert f"  {command} " in shown
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"movierec {__version__}\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "movierec: name one of run, ingest, "),
        (["runn"], "movierec: there is no 'runn'; name one of run, "),
    ],
)
def test_an_unknown_command_is_exit_code_2(words, said, capsys):
    assert main(words) == 2
    printed = capsys.readouterr()
    assert (printed.out, printed.err.startswith(said)) == ("", True)
