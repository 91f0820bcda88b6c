"""The cluster's zips and the wheel: their content, their equal bytes, and that they import."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from scripts import build_package
from tests.support.paths import ROOT


@pytest.fixture
def project(tmp_path):
    """A small project, with files that building and importing leave behind."""
    files = {
        "pyproject.toml": '[project]\nname = "movierec"\nversion = "1.2.3"\n[x]\nversion = "9"\n',
        "CHANGELOG.md": "# Changelog\n\n## 1.2.3\n\n## 1.2\n",
        "LICENSE": "A licence.\n",
        "conf/sample.yaml": "a: 1\n",
        "src/movierec/__init__.py": '"""A package."""\n',
        "src/movierec/config/__init__.py": "",
        "src/movierec/ranking/topk.py": "K = 100\n",
        "src/movierec/page.html": "<p>\n",
        "src/movierec/__pycache__/topk.cpython-311.pyc": "bytecode",
        "src/movierec/__pycache__/topk.cpython-311.pyc.1": "half-written bytecode",
        "src/movierec/fast.so": "machine code",
        "src/movierec/.hidden": "",
        "src/movierec_dataproc/__init__.py": "",
        "build/lib/movierec/removed.py": "",
    }
    for name, text in files.items():
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "project/src/movierec/config/confs").symlink_to("../../../conf")
    return tmp_path / "project"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this project."""
    return build_package.build_wheel(ROOT, tmp_path_factory.mktemp("dist"))


def run_isolated(zips, code):
    """Run code in a Python that sees only the standard library and the zips."""
    paths = [str(path) for path in zips]
    command = [sys.executable, "-S", "-I", "-c", f"import sys; sys.path[:0] = {paths}\n{code}"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_zips_hold_the_package_and_nothing_built(project, tmp_path):
    package, dependencies = build_package.build_packages(project, tmp_path / "dist")
    assert package.name == "movierec-1.2.3.zip"
    assert zipfile.ZipFile(package).namelist() == [
        "movierec/__init__.py",
        "movierec/config/__init__.py",
        "movierec/config/confs/sample.yaml",
        "movierec/page.html",
        "movierec/ranking/topk.py",
    ]
    assert dependencies.name == "movierec-deps-1.2.3.zip"
    names = zipfile.ZipFile(dependencies).namelist()
    assert {"yaml/__init__.py", "yaml/loader.py", "yaml/LICENSE"} <= set(names)
    assert all(name.endswith((".py", "/LICENSE")) for name in names)


def test_the_bytes_depend_on_the_contents_only(project, tmp_path):
    def build(name):
        return [path.read_bytes() for path in build_package.build_all(project, tmp_path / name)]

    first = build("first")
    for number, path in enumerate(sorted(project.rglob("*"), reverse=True)):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
        if path.is_file():
            path.chmod(0o755)
    again = build("again")
    (project / "src/movierec/__init__.py").write_text("K = 101\n")
    changed = build("changed")
    assert first == again
    equal = [one == other for one, other in zip(first, changed, strict=True)]
    # the zip of PyYAML is the same
    assert equal == [False, True, False]


def test_this_project_imports_from_its_zip_alone(tmp_path):
    zips = build_package.build_packages(ROOT, tmp_path)
    output = run_isolated(
        zips,
        "import movierec; from movierec.config.loader import load_config\n"
        "from importlib.resources import files\n"
        "confs = files('movierec.config').joinpath('confs')\n"
        "config = load_config(confs.joinpath('sample.yaml').read_text('utf-8'), origin='sample')\n"
        "print(movierec.__file__, config.source.archive)",
    )
    assert output == f"{zips[0]}/movierec/__init__.py file:data/ml-sample.zip\n"


def test_the_wheel_holds_every_package_with_its_data_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    (info,) = (name for name in tops if name.endswith(".dist-info"))
    sources = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src").rglob("*")
        if path.is_file() and path.suffix != ".pyc" and ".egg-info" not in str(path)
    }
    assert tops - {info} == {name.split("/")[0] for name in sources}
    confs = {f"movierec/config/confs/{name}.yaml" for name in ("full", "sample", "small")}
    needed = {"movierec/py.typed", "movierec/spark/log4j2.properties", f"{info}/licenses/LICENSE"}
    assert sources | confs | needed <= set(names)
    endings = (".py", ".yaml", ".properties", "py.typed")
    assert all(
        name.endswith(endings) or "/templates/" in name for name in names if info not in name
    )


@pytest.mark.slow
def test_the_installed_wheel_runs_in_an_empty_directory(wheel, tmp_path):
    """Without a checkout and without network; the dependencies are those of this interpreter."""
    environment, empty = tmp_path / "venv", tmp_path / "empty"
    empty.mkdir()
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    subprocess.run([python, "-m", "pip", "install", *quiet, wheel], check=True, cwd=empty)
    paths = sysconfig.get_paths(vars={"base": str(environment), "platbase": str(environment)})
    # the .pth files of a directory that is added so are not read: not that of this checkout either
    own = {path for path in sys.path if Path(path).name == "site-packages"}
    Path(paths["purelib"], "dependencies.pth").write_text("\n".join(own))

    def output(*command):
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        return subprocess.run(
            command, cwd=empty, env=kept, capture_output=True, text=True, check=True
        ).stdout

    def movierec(*arguments):
        return output(environment / "bin" / "movierec", *arguments)

    installed = output(python, "-c", "import movierec; print(movierec.__file__)")
    assert Path(installed.strip()).is_relative_to(environment)
    assert movierec("--help").startswith("usage: movierec")
    checked = movierec("ingest", "--config", "sample", "--check-config")
    assert checked == '{"job": "ingest", "config": "sample", "valid": true}\n'
    assert list(empty.iterdir()) == []


@pytest.fixture
def refused(project, capsys):
    """Return why the project is not built."""

    def build():
        assert build_package.main(["--root", str(project)]) == 1
        assert not (project / "dist").exists()
        return capsys.readouterr().err.removeprefix("build_package: ")

    return build


def test_a_version_that_differs_between_files_is_refused(project, refused):
    (project / "src/movierec/__init__.py").write_text('__version__ = "1.2.4"\n')
    assert refused() == (
        "src/movierec/__init__.py: __version__ is 1.2.4, and pyproject.toml says 1.2.3: make them "
        "the same\n"
    )


@pytest.mark.parametrize("heading", ["## 1.2", "## 1.2.30", "## 1.2.3-rc1", "### 1.2.3", "1.2.3"])
def test_a_version_without_a_heading_in_the_changelog_is_refused(project, heading, refused):
    (project / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n")
    assert refused() == "CHANGELOG.md: no heading `## 1.2.3`: write there what changes for users\n"


def test_a_missing_package_ends_in_one_line(project, refused):
    (project / "src/movierec/__init__.py").unlink()
    fault = refused()
    assert fault.startswith(f"{project}/src/movierec: no Python package there")
    assert fault.count("\n") == 1


def test_the_command_prints_each_file_and_the_wheel_has_no_modules_of_earlier_builds(
    project, capsys
):
    assert build_package.main(["--root", str(project)]) == 0
    names = ("movierec-1.2.3.zip", "movierec-deps-1.2.3.zip", "movierec-1.2.3-py3-none-any.whl")
    files = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert files == [str(project / "dist" / name) for name in names]
    inside = zipfile.ZipFile(files[2]).namelist()
    assert "movierec/__init__.py" in inside
    assert "movierec/removed.py" not in inside
    assert {path.name for path in (project / "src").iterdir()} == {"movierec", "movierec_dataproc"}
