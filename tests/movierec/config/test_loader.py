"""Every invalid conf gives its messages, and no input gives another exception."""

import math
import time
from dataclasses import dataclass, field

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from movierec.config.loader import load as load_any
from movierec.config.loader import load_config, split_assignments, to_dict, to_yaml
from movierec.config.schema import GenerateConfig
from movierec.errors import ConfigError
from tests.support.paths import ROOT

SMALL = (ROOT / "conf" / "small.yaml").read_text(encoding="utf-8")
NOTHING_BUT_CONFIG_ERRORS = settings(max_examples=300, deadline=None)
SECTIONS = (
    "workspace, source, partition, evaluation, popularity, tuning, als, deliver, segments, twins"
)


def load(text=SMALL, *overrides):
    return load_config(text, origin="c.yaml", overrides=overrides)


def problems(text=SMALL, *overrides):
    """The faults, each without the name of the file."""
    with pytest.raises(ConfigError) as caught:
        load(text, *overrides)
    assert caught.value.exit_code == 2
    assert str(caught.value) == "\n".join(caught.value.problems)
    assert all(problem.startswith("c.yaml: ") for problem in caught.value.problems)
    return [problem.removeprefix("c.yaml: ") for problem in caught.value.problems]


def test_only_the_archive_is_required_and_other_keys_have_defaults():
    config = load("source: {archive: x}\nals: {seed: 7}\ntwins: {lsh: {hashes: 64}}")
    assert (config.source.archive, config.workspace) == ("x", "file:workspace")
    assert (config.als.seed, config.als.max_iter) == (7, 15)
    assert (config.twins.lsh.hashes, config.twins.lsh.seed, config.twins.pairs) == (64, 1, 100)


def test_a_free_mapping_is_added_to_its_default():
    @dataclass(frozen=True)
    class Properties:
        properties: dict[str, str] = field(default_factory=lambda: {"a": "1", "b": "2"})

    for text in ("properties: {b: '3', c: '4'}", "properties: {c: '4', b: '3'}"):
        found = load_any(Properties, text, origin="c.yaml")
        assert found.properties == {"a": "1", "b": "3", "c": "4"}
    assert load_any(Properties, "{}", origin="c.yaml").properties == {"a": "1", "b": "2"}


def test_to_yaml_prints_every_key_and_loads_back():
    config = load(SMALL, "workspace=gs://b/w", "twins.lsh={rows: 2, bands: 40}", "als.seed=2")
    text = to_yaml(config)
    assert load(text) == config
    assert yaml.safe_load(text) == to_dict(config)
    assert {"als.seed", "twins.lsh.rows", "source.generate"} <= set(key_paths(to_dict(config)))
    assert text.startswith(
        "workspace: gs://b/w\nsource:\n  archive: file:data/ml-latest-small.zip\n"
    )


# --- keys ----------------------------------------------------------------------------------------


UNKNOWN_KEYS = {
    "tuning: {implicit: {regParam: [0.1]}}": (
        "tuning.implicit.regParam: unknown key; did you mean tuning.implicit.reg_param?"
    ),
    "evaluations: {k: 100}": "evaluations: unknown key; did you mean evaluation?",
    '"a\\nb\\e": 1': rf"a\nb\x1b: unknown key; known keys: {SECTIONS}",
}


@pytest.mark.parametrize("text", UNKNOWN_KEYS)
def test_an_unknown_key_names_the_nearest_key_by_its_full_path(text):
    assert problems(f"{SMALL}{text}\n") == [UNKNOWN_KEYS[text]]


# --- values: each key=value gives exactly this message ----------------------------------------

SEED = "partition.seed: a whole number from 0 to 2147483647 was expected, not"
# by key: what was expected there, and values with how they are shown
WRONG_VALUES = {
    "workspace": ("text", {"null": "None", "3": "3", "'  '": "an empty string"}),
    "als": ("a section with keys", {"": "None"}),
    "source.generate": ("a section with keys", {"610": "610"}),
    "source.layout": ("one of auto, latest, kaggle, ml-1m, ml-10m, ml-100k", {"null": "None"}),
    "source.max_rejected_fraction": (
        "a number from 0 to 1",
        {"1.01": "1.01", "-1e-9": "-1e-09", ".nan": "nan"},
    ),
    "partition.seed": (
        "a whole number from 0 to 2147483647",
        {one: one for one in ("1.0", "-1", "2147483648")}
        | {"'1'": "the text '1'", "true": "the truth value True", "null": "None"}
        | {"{a: 1}": "{'a': 1}", "2020-01-01": "datetime.date(2020, 1, 1)", ".inf": "inf"}
        | {"1" + "0" * 39: "1" + "0" * 39, "1" + "0" * 40: "a huge number"}
        | {"0x" + "f" * 9000: "a huge number"},
    ),
    "partition.strategy": (
        "one of per_user_chronological, per_user_random, global_time",
        {"global_tim": "the text 'global_tim'; did you mean global_time?"},
    ),
    "partition.train": (
        "a number between 0 and 1, both excluded",
        {"yes": "the truth value True", "0": "0.0", "1": "1.0", ".nan": "nan", "1e400": "inf"}
        | {"1" + "0" * 400: "a huge number"},
    ),
    # without the contradiction to other keys that it would be
    "partition.test": ("a number between 0 and 1, both excluded", {"2": "2.0"}),
    "evaluation.candidates": ("one of unseen, heldout_only", {"[unseen]": "['unseen']"}),
    "popularity.dampings": ("a list of at least one value", {"[]": "[]", "5": "5"}),
    "popularity.dampings[0]": ("a number from 0 to 1000000000", {"&a [*a]": "[[[[...]]]]"}),
    "popularity.dampings[1]": ("a number from 0 to 1000000000", {"[5, -1]": "-1.0"}),
    "tuning.metric": (
        "one of ndcg, map, precision, recall",
        {"ndcg_at_100": "the text 'ndcg_at_100'; did you mean ndcg?", "rmse": "the text 'rmse'"},
    ),
    "tuning.implicit.rank[1]": ("a whole number from 1 to 1024", {"[16, [8]]": "[8]"}),
    "tuning.implicit.feedback[1]": (
        "one of rating, liked, signed",
        {"[liked, signd]": "the text 'signd'; did you mean signed?"},
    ),
}


@pytest.mark.parametrize("key", WRONG_VALUES)
def test_a_wrong_value_gives_exactly_one_message(key):
    expected, values = WRONG_VALUES[key]
    for value, shown in values.items():
        found = problems(SMALL, f"{key.partition('[')[0]}={value}")
        assert found == [f"{key}: {expected} was expected, not {shown}"]


def test_values_have_the_types_of_their_keys_also_at_the_ends_of_ranges():
    config = load(
        SMALL,
        "partition.seed=2147483647",
        "source.max_rejected_fraction=1",
        "evaluation.relevant_rating=0.5",
        "tuning.implicit={rank: [1, 1024], alpha: [1, 2.5], feedback: [signed, liked]}",
        # a number needs no dot
        "tuning.implicit.reg_param=[1.5e-2]",
        "popularity.dampings=[1e-3, 2E2, +3e1]",
    )
    assert config.partition.seed == 2147483647
    assert (config.source.max_rejected_fraction, config.evaluation.relevant_rating) == (1.0, 0.5)
    implicit = config.tuning.implicit
    assert (implicit.rank, implicit.reg_param) == ((1, 1024), (0.015,))
    assert (implicit.alpha, implicit.feedback) == ((1.0, 2.5), ("signed", "liked"))
    assert [type(value) for value in implicit.alpha] == [float, float]
    assert config.popularity.dampings == (0.001, 200.0, 30.0)


def test_a_long_value_is_cut_in_the_message():
    (fault,) = problems(SMALL, "partition.seed=" + "x" * 500)
    assert fault.startswith(f"{SEED} the text 'xxx")
    assert fault.endswith("...")
    assert len(fault) < 160


# --- the text of the file ------------------------------------------------------------------------

SEEDS = "partition:\n  seed: 1\n"
WRONG_TEXTS = {
    SEEDS + "  seed: 2\n": "line 3, column 3: the key 'seed' is given twice",
    SEEDS + "partition: {}\n": "line 3, column 1: the key 'partition' is given twice",
    "yes: 2": "line 1, column 1: the key True is not text",
    "? [a]\n: 2": "line 1, column 3: the key ['a'] is not text",
    "? 0x" + "f" * 9000 + "\n: 2": "line 1, column 3: the key a huge number is not text",
    "a: !!python/object/apply:os.system ['false']": (
        "line 1, column 4: could not determine a constructor for the tag "
        "'tag:yaml.org,2002:python/object/apply:os.system'"
    ),
    "a: [1": "line 1, column 6: expected ',' or ']', but got '<stream end>'",
    "a: 1\n---\nb: 1": "line 2, column 1: but found another document",
    "[" * 1000: "nested too deeply",
    "a: \x07": (
        "unacceptable character #x0007: special characters are not allowed in "
        '"<unicode string>", position 3'
    ),
    # for which PyYAML raises Python's own exceptions
    "a: 0b_": "line 1, column 4: the text '0b_' is not a valid int",
    "a: !!bool x": "line 1, column 4: the text 'x' is not a valid bool",
    "a: !!timestamp x": "line 1, column 4: the text 'x' is not a valid timestamp",
    "a: !!map [x]": "line 1, column 4: a mapping was expected",
}
IDS = {text: f"{number}-{text[:20]!r}" for number, text in enumerate(WRONG_TEXTS)}


@pytest.mark.parametrize("text", WRONG_TEXTS, ids=IDS.get)
def test_text_that_is_no_strict_yaml_is_named_with_its_place(text):
    assert problems(text) == [f"not valid YAML: {WRONG_TEXTS[text]}"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("# only a comment", "None"), ("[a, b]", "['a', 'b']"), ("!!set {a}", "{'a'}")],
)
def test_a_file_without_a_mapping_is_refused(text, shown):
    assert problems(text) == [f"a mapping of sections was expected, not {shown}"]


def test_a_mapping_that_holds_itself_is_no_config():
    faults = problems("&a {partition: *a}")
    assert any(fault.startswith("partition.partition: unknown key; ") for fault in faults)
    assert "source.archive: missing; it has no default" in faults


def test_aliases_that_unfold_to_gigabytes_are_refused_quickly():
    levels = ["a0: &a0 [" + ", ".join(["x"] * 20) + "]"]
    levels += [f"a{n}: &a{n} [" + ", ".join([f"*a{n - 1}"] * 20) + "]" for n in range(1, 12)]
    started = time.monotonic()
    assert problems("\n".join([*levels, "workspace: *a11"]))
    assert time.monotonic() - started < 10


# --- several faults at once ----------------------------------------------------------------------


def test_all_faults_are_found_at_once():
    text = "als: {maxiter: 8}\nsource: {url: null}\n"
    assert problems(text, "partition.seed=-1", "a.b=1", "als", "evaluation.k=ten", "=1") == [
        "--set als: write it as section.key=value",
        "--set =1: write it as section.key=value",
        "a: unknown key; did you mean als?",
        "source.archive: missing; it has no default",
        f"{SEED} -1",
        "evaluation.k: a whole number from 1 to 10000 was expected, not the text 'ten'",
        "als.maxiter: unknown key; did you mean als.max_iter?",
    ]


def test_contradictions_are_found_beside_wrong_keys():
    contradictions = ["partition.train=0.5", "twins.thresholds=[0.4, 0.6]"]
    assert problems(SMALL, "partition.seed=-1", "als.max_iter=0", *contradictions) == [
        f"{SEED} -1",
        "partition: train + validation + test must be 1, not 0.5 + 0.2 + 0.2 = 0.9",
        "als.max_iter: a whole number from 1 to 1000 was expected, not 0",
        "twins: thresholds must fall",
    ]


def test_a_wrong_key_that_may_be_null_is_not_taken_for_null():
    assert problems(SMALL, "twins.lsh.rows=0", "twins.lsh.bands=40") == [
        "twins.lsh.rows: a whole number from 1 to 64 was expected, not 0"
    ]


# --- --set ---------------------------------------------------------------------------------------


def test_set_overrides_a_key_and_the_last_one_wins():
    config = load(
        SMALL,
        "workspace=gs://b/a=b",
        "partition.seed=3",
        " partition.seed = 0x10",
        "source.sha256=",
        "source.generate={users: 5, movies: 6, ratings: 7, seed: 8}",
        "source.generate.users=9",
    )
    assert config.workspace == "gs://b/a=b"
    assert config.partition.seed == 16
    assert config.source.sha256 is None
    assert config.source.generate == GenerateConfig(users=9, movies=6, ratings=7, seed=8)


USABLE = "workspace: text without control characters was expected, not the text"
BAD_OVERRIDES = {
    "": "--set : write it as section.key=value",
    "partition..seed=3": "--set partition..seed=3: write it as section.key=value",
    "partition.seed=[1": (
        "--set partition.seed=[1: the value is not valid YAML: line 1, column 3: "
        "expected ',' or ']', but got '<stream end>'"
    ),
    "source.url.x=1": "--set source.url.x=1: url is not a section",
    "partition.seed.x=1": f"{SEED} {{'x': 1}}",
    "partition.train=0.6 partition.seed": (
        "partition.train: a number between 0 and 1, both excluded was expected, not the text "
        "'0.6 partition.seed'"
    ),
    "popularity.dampings=[5, 20, 5.0]": (
        "popularity.dampings: a value is given twice in [5, 20, 5.0]"
    ),
    'workspace="a\\0b"': rf"{USABLE} 'a\x00b'",
    'workspace="\\ud800"': rf"{USABLE} '\ud800'",
}


@pytest.mark.parametrize("override", BAD_OVERRIDES)
def test_a_bad_override_gives_exactly_one_message(override):
    assert problems(SMALL, override) == [BAD_OVERRIDES[override]]


def test_an_override_reaches_into_a_section_that_is_null():
    text = SMALL + "  generate: null\n"
    assert problems(text, "source.generate.users=5", "source.generate.movies=6") == [
        "source.generate.ratings: missing; it has no default"
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (" a.b=[8, 16]\n\tc.d={e: f, g: h}  ", ["a.b=[8, 16]", "c.d={e: f, g: h}"]),
        ("workspace=/my results als.seed=2", ["workspace=/my results", "als.seed=2"]),
        ("a=gs://b/x=y c=", ["a=gs://b/x=y", "c="]),
        ("a=it's b=don't", ["a=it's", "b=don't"]),
        ('a="x b=c.zip" d=1', ['a="x b=c.zip"', "d=1"]),
        ("a=1 -b=2", ["a=1 -b=2"]),
        ("a =1", ["a =1"]),
        ("", [""]),
    ],
)
def test_a_text_of_several_assignments_is_split(text, parts):
    assert split_assignments(text) == parts


# --- anything at all -----------------------------------------------------------------------------


def outcome(text, *overrides):
    """The config, None after a ConfigError; any other exception comes through."""
    try:
        return load(text, *overrides)
    except ConfigError as error:
        faults = error.problems
    assert faults
    assert [fault.splitlines() for fault in faults] == [[fault] for fault in faults]
    # a fault of --set shows all of its text
    assert overrides or max(map(len, faults)) < 2000
    return None


SCALARS = st.none() | st.booleans() | st.floats() | st.dates() | st.text(max_size=8)
SCALARS |= st.integers() | st.integers(10**300, 10**400) | st.binary(max_size=4)


def key_paths(tree, prefix=""):
    paths = []
    for key, value in tree.items():
        paths.append(prefix + key)
        if isinstance(value, dict):
            paths += key_paths(value, f"{prefix}{key}.")
    return paths


PATHS = key_paths(to_dict(load()))
KEYS = st.sampled_from([path.rpartition(".")[2] for path in PATHS]) | SCALARS
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
# pieces that YAML gives a meaning, so that random text is more than a plain scalar
WORDS = ["a", "partition", "seed", "1", "0b_", "0x", "1e5", "2001-01-01", "T99:00:00", "12:30:45"]
MARKS = [*".-_:,~=%@#'\"|>[]{}\n\t", ": ", "- ", "? ", "\n  ", "&a ", "*a", "<<", "---", "..."]
TAGS = [f"!!{name} " for name in ("int", "float", "bool", "null", "str", "binary", "timestamp")]
TAGS += ["!!map ", "!!seq ", "!!set ", "!!omap ", "!!pairs ", "!x "]
ODD = ["\\x00", "\x00", "\x85", "\u2028", "\ufeff", "\ud800"]
PIECES = st.sampled_from([*WORDS, *MARKS, *TAGS, *ODD])


@given(
    st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40),
    st.integers(0, len(SMALL)),
    st.integers(0, 20),
)
@example("!!float _", 0, 0)
@example("a: !!timestamp ''", 0, 0)
@NOTHING_BUT_CONFIG_ERRORS
def test_any_text_gives_a_config_error(text, start, length):
    assert outcome(text) is None
    outcome(SMALL[:start] + text + SMALL[start + length :])
    outcome(SMALL, f"partition={text}", f"partition.seed={text}", f"{text}=1", text)


@given(st.sampled_from(PATHS), TREES)
@NOTHING_BUT_CONFIG_ERRORS
def test_any_value_at_any_key_gives_a_config_or_a_config_error(path, value):
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True).replace("\n...", "")
    config = outcome(SMALL, f"{path}={text}")
    if config is not None:
        assert load(to_yaml(config)) == config
        partition = config.partition
        assert math.isclose(partition.train + partition.validation + partition.test, 1)
