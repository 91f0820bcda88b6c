"""Write a sample as a zip with reproducible bytes, and its ground truth beside the zip."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import numpy as np

from movierec.errors import ConfigError
from movierec.spark.files import local_sha256
from movierec_synthetic.members import members
from movierec_synthetic.planting import group_facts, pair_facts
from movierec_synthetic.population import make_population
from movierec_synthetic.sample import Sample, make_sample
from movierec_synthetic.spec import SampleSpec

CHUNK_ROWS = 500_000
# With more ratings a member may need 64-bit sizes; its header is written before its size is known.
ZIP64_ROWS = 40_000_000
# Fixed, so that equal samples are equal files.
MEMBER_DATE = (2018, 9, 26, 15, 50, 0)
# Level 6 takes two to four times as long for a zip one tenth smaller.
COMPRESSION_LEVEL = 4


def write_archive(
    spec: SampleSpec, out: Path, *, root: str = "ml-sample", chunk_rows: int = CHUNK_ROWS
) -> Path:
    """Write the spec's archive to `out`; return the path of its ground truth, `<stem>.truth.json`.

    The members lie in the folder `root` of the zip. The bytes depend on the spec and on `root`
    (and on the versions of numpy and zlib), not on `chunk_rows`. Both files get their names only
    when complete; the truth, which holds the zip's SHA-256, comes first. Raises ConfigError if
    `out` or `root` cannot be used, OSError if writing fails.
    """
    _check_target(out, root)
    truth = out.with_name(f"{out.stem}.truth.json")
    sample = make_sample(spec)
    with atomic_file(out) as partial:
        write_zip(sample, partial, root=root, chunk_rows=chunk_rows)
        facts = {
            "archive": {
                "name": out.name,
                "root": root,
                "bytes": partial.stat().st_size,
                "sha256": local_sha256(str(partial)),
            },
            **ground_truth(sample),
        }
        with atomic_file(truth) as partial_truth:
            partial_truth.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    return truth


def write_zip(sample: Sample, path: Path, *, root: str, chunk_rows: int) -> None:
    """Write the sample's members to a zip at `path`, `chunk_rows` rows at a time."""
    large = sample.spec.ratings > ZIP64_ROWS
    with zipfile.ZipFile(path, "w", compresslevel=COMPRESSION_LEVEL) as archive:
        for name, pieces in members(sample, root=root, chunk_rows=chunk_rows):
            info = zipfile.ZipInfo(f"{root}/{name}", MEMBER_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info.external_attr = 0o100644 << 16
            with archive.open(info, "w", force_zip64=large) as member:
                for piece in pieces:
                    member.write(piece)


def ground_truth(sample: Sample) -> dict[str, object]:
    """The spec, exact counts, the planted pairs and groups with their similarity, and tastes."""
    pairs = {
        name: pair_facts(getattr(sample.activity, name), sample.history, sample.half_steps)
        for name in ("twins", "duplicates")
    }
    rated = int((np.bincount(sample.history.movies, minlength=sample.spec.movies) > 0).sum())
    return {
        "seed": sample.spec.seed,
        "users": sample.spec.users,
        "movies": sample.spec.movies,
        "rated_movies": rated,
        "ratings": sample.spec.ratings,
        "shape": asdict(sample.spec.shape),
        **pairs,
        "identical_groups": group_facts(sample.activity.groups, sample.activity.counts),
        **_taste_facts(sample),
    }


def _taste_facts(sample: Sample) -> dict[str, object]:
    """The taste of each user, by rising id, if each has a single one."""
    if sample.spec.shape.mixing > 0:
        return {}
    mixture = make_population(sample.spec, sample.activity).mixture
    return {"tastes": mixture.argmax(axis=1).tolist()}


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a path beside `path` to write to; rename it at the end, delete it on any failure."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        yield partial
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _check_target(out: Path, root: str) -> None:
    problems = []
    if out.suffix != ".zip":
        problems.append(f"out is {out}: give a name that ends in .zip")
    if out.is_dir():
        problems.append(f"out is {out}, a folder: give the path of a file")
    elif not out.parent.is_dir():
        problems.append(f"out is {out}, but {out.parent} is no folder: make it first")
    elif not os.access(out.parent, os.W_OK | os.X_OK):
        problems.append(
            f"out is {out}, but {out.parent} cannot be written to: choose another folder"
        )
    if root in {"", ".", ".."} or any(mark in root for mark in "/\\\0:"):
        problems.append(f"root is {root!r}: give one folder name, such as ml-sample")
    if problems:
        raise ConfigError(problems)
