"""Invalid conf files and overrides, each with its message."""

from __future__ import annotations

from tests.support.paths import ROOT

SMALL = (ROOT / "conf" / "small.yaml").read_text(encoding="utf-8")
SEED = "partition.seed: a whole number from 0 to 2147483647 was expected, not"


CASES: dict[str, tuple[str | bytes, list[str]]] = {
    "an empty file": ("", ["a mapping of sections was expected"]),
    "a list": ("- a\n- b\n", ["a mapping of sections was expected"]),
    "JSON cut off": ('{"workspace": ', ["not valid YAML: "]),
    "a tab": ("als:\n\tseed: 1\n", ["not valid YAML: line 2, column 1: found character '\\t'"]),
    "two documents": (SMALL + "---\na: 1\n", ["not valid YAML: "]),
    "a null character": (SMALL + "a: \0\n", ["not valid YAML: "]),
    "ISO-8859-1": (b"workspace: caf\xe9\n", ["cannot be read: 'utf-8' codec"]),
    "an object of Python": (
        "a: !!python/object/apply:os.system ['true']\n",
        ["not valid YAML: line 1, column 4: could not determine a constructor for the tag"],
    ),
    "an unknown tag": ("a: !secret x\n", ["not valid YAML: line 1, column 4: could not"]),
    "a cyclic anchor": ("a: &a [*a]\n", ["a: unknown key"]),
    "an undefined anchor": ("a: *b\n", ["not valid YAML: line 1, column 4: found undef"]),
    "a duplicate key": (
        SMALL + "source: x\n",
        ["not valid YAML: line "],
    ),
    "no archive": ("als: {seed: 1}\n", ["source.archive: missing; it has no default"]),
    "an unknown key": (
        SMALL + "als: {checkpoint_intervall: 5}\n",
        ["als.checkpoint_intervall: unknown key; did you mean als.checkpoint_interval?"],
    ),
}

OVERRIDES = {
    "partition.seed='1'": f"{SEED} the text '1'",
    "partition.seed=true": f"{SEED} the truth value True",
    "partition.seed=1.5": f"{SEED} 1.5",
    "partition.seed=-1": f"{SEED} -1",
    "partition.seed=2147483648": f"{SEED} 2147483648",
    "partition.seed=1" + "0" * 4000: f"{SEED} a huge number",
    "partition.train=.nan": "partition.train: a number between 0 and 1, both excluded was expected",
    "partition.train=1e400": "partition.train: a number between 0 and 1, both excluded was",
    "als.max_iter=0": "als.max_iter: a whole number from 1 to ",
    "als.max_iter=abc": "als.max_iter: a whole number from 1 to ",
    "tuning.implicit.rank=[]": "tuning.implicit.rank: a list of at least one value was expected",
    "tuning.implicit.rank=[8, 8]": "tuning.implicit.rank: a value is given twice in [8, 8]",
    "tuning.implicit.feedback=[signd]": "tuning.implicit.feedback[0]: one of rating, liked, signed",
    "evaluation.candidates=all": "evaluation.candidates: one of unseen, heldout_only was expected",
    "source.layout=ml-25m": "source.layout: one of auto, latest, ml-1m, ml-10m, ml-100k was",
    "source.max_rejected_fraction=2": "source.max_rejected_fraction: a number from 0 to 1 was",
    "tuning.metric=ndcg_at_100": "tuning.metric: one of ndcg, map, precision, recall was expected",
    "workspace=''": "workspace: text was expected, not an empty string",
    "workspace=s3://bucket/x": "workspace: 's3://bucket/x' has the scheme s3:, not one of file:",
    "workspace=file://host/x": "workspace: 'file://host/x' names a host; write file:///path",
    "source.archive=http://x/a.zip": "source.archive: 'http://x/a.zip' has the scheme http:",
    "als=3": "als: a section with keys was expected, not 3",
    "nonsense": "--set nonsense: ",
}
"""Invalid values of --set, each with a part of its one-line message."""
