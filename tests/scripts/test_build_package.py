"""The cluster's zips: what they hold, that their bytes repeat, that they import by themselves."""

import importlib.util
import os
import subprocess
import sys
import zipfile
from types import ModuleType

import pytest

from tests.support.paths import ROOT

SCRIPT = ROOT / "scripts" / "build_package.py"


@pytest.fixture(scope="module")
def build_package() -> ModuleType:
    spec = importlib.util.spec_from_file_location("build_package", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def project(tmp_path):
    """A small project, with what building and importing leave behind."""
    files = {
        "pyproject.toml": '[project]\nname = "movierec"\nversion = "1.2.3"\n[x]\nversion = "9"\n',
        "src/movierec/__init__.py": '"""A package."""\n',
        "src/movierec/ranking/topk.py": "K = 100\n",
        "src/movierec/page.html": "<p>\n",
        "src/movierec/__pycache__/topk.cpython-311.pyc": "bytecode",
        "src/movierec/__pycache__/topk.cpython-311.pyc.1": "half-written bytecode",
        "src/movierec/fast.so": "machine code",
        "src/movierec/.hidden": "",
        "src/movierec_dataproc/__init__.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "project"


def run_isolated(zips, code):
    """Run code in a Python that sees nothing but the standard library and the zips."""
    paths = [str(path) for path in zips]
    command = [sys.executable, "-S", "-I", "-c", f"import sys; sys.path[:0] = {paths}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_zips_hold_the_package_and_nothing_built(build_package, project, tmp_path):
    package, dependencies = build_package.build_packages(project, tmp_path / "dist")

    assert package.name == "movierec-1.2.3.zip"
    assert zipfile.ZipFile(package).namelist() == [
        "movierec/__init__.py",
        "movierec/page.html",
        "movierec/topk.py",
    ]
    assert dependencies.name == "movierec-deps-1.2.3.zip"
    names = zipfile.ZipFile(dependencies).namelist()
    assert {"yaml/__init__.py", "yaml/loader.py", "yaml/LICENSE"} <= set(names)
    assert all(name.endswith((".py", "/LICENSE")) for name in names)


def test_the_bytes_follow_from_the_contents_alone(build_package, project, tmp_path):
    first = build_package.build_packages(project, tmp_path / "first")
    for number, path in enumerate(sorted(project.rglob("*"), reverse=True)):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        if path.is_file():
            path.chmod(0o755)
    again = build_package.build_packages(project, tmp_path / "again")
    (project / "src/movierec/ranking/topk.py").write_text("K = 101\n")
    changed = build_package.build_packages(project, tmp_path / "changed")

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]
    assert first[0].read_bytes() != changed[0].read_bytes()
    assert first[1].read_bytes() == changed[1].read_bytes()


def test_yaml_imports_from_its_zip_alone(build_package, project, tmp_path):
    zips = build_package.build_packages(project, tmp_path)

    said = run_isolated(
        zips[1:],
        "import yaml; print(yaml.safe_load('a: [1, 0.5]'), yaml.__with_libyaml__, yaml.__file__)",
    )

    assert said == f"{{'a': [1, 0.5]}} False {zips[1]}/yaml/__init__.py\n"


def test_this_project_imports_from_its_zip_alone(build_package, tmp_path):
    zips = build_package.build_packages(ROOT, tmp_path)

    said = run_isolated(zips, "import movierec; print(movierec.__file__)")

    assert said == f"{zips[0]}/movierec/__init__.py\n"


def test_a_version_that_differs_between_files_is_refused(build_package, project, capsys):
    (project / "src/movierec/__init__.py").write_text('__version__ = "1.2.4"\n')

    assert build_package.main(["--root", str(project)]) == 1

    assert capsys.readouterr().err == (
        "build_package: src/movierec/__init__.py: __version__ is 1.2.4, and pyproject.toml says "
        "1.2.3: make them the same\n"
    )
    assert not (project / "dist").exists()


def test_a_missing_package_ends_in_one_line(build_package, project, capsys):
    (project / "src/movierec/__init__.py").unlink()

    assert build_package.main(["--root", str(project)]) == 1

    err = capsys.readouterr().err
    assert err.startswith(f"build_package: {project}/src/movierec: no Python package there")
    assert err.count("\n") == 1


def test_the_command_prints_each_zip(build_package, project, capsys):
    assert build_package.main(["--root", str(project)]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        str(project / "dist" / "movierec-1.2.3.zip"),
        str(project / "dist" / "movierec-deps-1.2.3.zip"),
    ]
