"""Reads a conf file strictly and reports all problems at once, each with its key's full path."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import re
import reprlib
import types
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import yaml

from movierec.config.fields import ListOf, Range
from movierec.config.schema import Config
from movierec.errors import ConfigError

_KINDS = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_WRONG: Any = object()  # in place of an invalid value
# Control characters and halves of surrogate pairs, which no path or name may hold.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
# A blank followed by `key=`, outside double quotes.
_BETWEEN_ASSIGNMENTS = re.compile(r'\s+(?=[A-Za-z_][\w.]*=(?:[^"]|"[^"]*")*$)')
# YAML 1.1, which PyYAML implements, reads 1e-3 as text because it has no dot.
_FLOAT = re.compile(r"^[-+]?[0-9]+[eE][-+]?[0-9]+$")
_SEQUENCE = "tag:yaml.org,2002:seq"
T = TypeVar("T")


class _StrictLoader(yaml.SafeLoader):
    """PyYAML's safe loader that refuses duplicate keys and reads 1e-3 as a number."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
            # PyYAML raises the errors of int() and datetime for 0b_ and 2001-99-99
            kind = node.tag.rpartition(":")[2]
            raise _yaml_error(node, f"{_describe(node.value)} is not a valid {kind}") from None

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict[Any, Any]:
        if not isinstance(node, yaml.MappingNode):
            raise _yaml_error(node, "a mapping was expected")
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _yaml_error(key_node, f"the key {_SHORT.repr(key)} is not text")
            if key in seen:
                raise _yaml_error(key_node, f"the key {key!r} is given twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


def _yaml_error(node: yaml.Node, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper that quotes the text 1e-3, which _StrictLoader reads as a number."""


for _one in (_StrictLoader, _Dumper):
    _one.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789"))
_Dumper.add_representer(
    list, lambda dumper, items: dumper.represent_sequence(_SEQUENCE, items, flow_style=True)
)


def load_config(text: str, *, origin: str, overrides: Iterable[str] = ()) -> Config:
    """Return the pipeline's config that the text and `--set` overrides give (see load)."""
    return load(Config, text, origin=origin, overrides=overrides)


def load(
    cls: type[T], text: str, *, origin: str, overrides: Iterable[str] = (), option: str = "--set"
) -> T:
    """Return the config of type `cls` that `text` (YAML) and `section.key=value` overrides give.

    Keys that are not given have their default, also those of a free mapping such as
    `cluster.properties`. `origin` names the text in messages, `option` the overrides, whose values
    are YAML too. Raises ConfigError with all problems: unknown, missing and duplicate keys, wrong
    types, values out of range, and keys that contradict each other.
    """
    tree = _parse(text, origin)
    problems = [f"{option} {each}: {one}" for each in overrides for one in _apply(tree, each)]
    config = _build(cls, tree, "", problems)
    if config is None or problems:
        raise ConfigError([f"{origin}: {problem}" for problem in problems])
    return config


def split_assignments(text: str) -> list[str]:
    """Return the `key=value` parts of a text: a blank followed by `key=` begins the next.

    Not inside double quotes, as in `source.archive="a b=c.zip"`.

    >>> split_assignments("tuning.implicit.rank=[8, 16] als.seed=2")
    ['tuning.implicit.rank=[8, 16]', 'als.seed=2']
    """
    return _BETWEEN_ASSIGNMENTS.split(text.strip())


def to_yaml(config: Any) -> str:
    """Return every key of a config with its value, as the text of a conf file."""
    tree = to_dict(config)
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, width=10**6, allow_unicode=True)


def to_dict(config: Any) -> dict[str, Any]:
    """Return a config (or a section of it) as plain dicts and lists, in the order of its keys."""
    return dataclasses.asdict(config, dict_factory=_plain)


def _plain(items: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in items}


def _parse(text: str, origin: str) -> dict[str, Any]:
    try:
        tree = _load_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError([f"{origin}: not valid YAML: {_one_line(error)}"]) from None
    if not isinstance(tree, dict):
        raise ConfigError([f"{origin}: a mapping of sections was expected, not {_describe(tree)}"])
    return tree


def _load_yaml(text: str) -> Any:
    """Return the content of a YAML text. Raises YAMLError."""
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except RecursionError:
        raise yaml.YAMLError("nested too deeply") from None


def _one_line(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return place + " ".join(str(getattr(error, "problem", None) or error).split())


def _apply(tree: dict[str, Any], override: str) -> list[str]:
    """Put one `section.key=value` into the tree and return its problems."""
    path, separator, text = override.partition("=")
    keys = path.strip().split(".")
    if not separator or not all(keys):
        return ["write it as section.key=value"]
    try:
        value = _load_yaml(text)
    except yaml.YAMLError as error:
        return [f"the value is not valid YAML: {_one_line(error)}"]
    section = tree
    for key in keys[:-1]:
        if section.get(key) is None:
            section[key] = {}
        section = section[key]
        if not isinstance(section, dict):
            return [f"{key} is not a section"]
    section[keys[-1]] = value
    return []


def _build(cls: type[T], tree: Mapping[str, Any], path: str, problems: list[str]) -> T | None:
    """Return the dataclass that the mapping describes, or None after adding to `problems`."""
    hints = get_type_hints(cls, include_extras=True)
    before = len(problems)
    for key in tree:
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1, cutoff=0.5)
            hint = f"did you mean {path}{near[0]}?" if near else f"known keys: {', '.join(hints)}"
            problems.append(f"{path}{key}: unknown key; {hint}")
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        key, hint, default = field.name, hints[field.name], _default(field)
        required = default is dataclasses.MISSING
        if key in tree or (required and dataclasses.is_dataclass(hint)):
            value = tree.get(key, {})
            if isinstance(value, dict) and isinstance(default, dict):
                value = default | value
            values[key] = _value(hint, value, path + key, problems)
        elif required:
            problems.append(f"{path}{key}: missing; it has no default")
            values[key] = _WRONG
    valid = len(problems) == before
    section = cls(**values)
    between_keys: list[str] = []
    try:
        between_keys = getattr(section, "problems", list)()
    except (AttributeError, TypeError, ValueError):
        # it compares an invalid key
        if valid:
            raise
    problems += [f"{path.rstrip('.')}: {one}" if path else one for one in between_keys]
    return section if valid else None


def _default(field: dataclasses.Field[Any]) -> Any:
    factory = field.default_factory
    return field.default if factory is dataclasses.MISSING else factory()


def _value(hint: Any, value: Any, path: str, problems: list[str]) -> Any:
    """Return the value in the hint's type; if it is invalid, add to `problems`, return _WRONG."""
    constraint: Any = None
    if get_origin(hint) is Annotated:
        hint, constraint = get_args(hint)
    origin = get_origin(hint)
    if hint is Any:
        return value
    if origin in (Union, types.UnionType):
        if value is None:
            return None
        (inner,) = (arg for arg in get_args(hint) if arg is not type(None))
        return _value(inner, value, path, problems)
    if origin is Literal:
        return _choice(get_args(hint), value, path, problems)
    if origin is tuple:
        return _list(get_args(hint)[0], constraint, value, path, problems)
    if origin is dict and isinstance(value, dict):
        (_, kind) = get_args(hint)
        return {key: _value(kind, one, f"{path}.{key}", problems) for key, one in value.items()}
    if origin is dict or dataclasses.is_dataclass(hint):
        if isinstance(value, dict):
            return _build(hint, value, f"{path}.", problems) or _WRONG
        return _reject("a section with keys", _describe(value), path, problems)
    return _scalar(hint, constraint, value, path, problems)


def _scalar(kind: Any, allowed: Range | None, value: Any, path: str, problems: list[str]) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        with contextlib.suppress(OverflowError):
            value = float(value)
    wanted = _KINDS[kind] if allowed is None else f"{_KINDS[kind]} {allowed}"
    found = _describe(value)
    if kind is str and isinstance(value, str):
        if not value.strip():
            found = "an empty string"
        elif _UNUSABLE.search(value):
            wanted = "text without control characters"
        else:
            return value
    elif type(value) is kind and (allowed is None or value in allowed):
        return value
    return _reject(wanted, found, path, problems)


def _list(item: Any, each: ListOf, value: Any, path: str, problems: list[str]) -> Any:
    if not isinstance(value, list) or not value:
        return _reject("a list of at least one value", _describe(value), path, problems)
    hint = item if each.range is None else Annotated[item, each.range]
    before = len(problems)
    items = tuple(_value(hint, one, f"{path}[{n}]", problems) for n, one in enumerate(value))
    if len(problems) == before and len(set(items)) < len(items):
        problems.append(f"{path}: a value is given twice in {_describe(value)}")
    return items


def _choice(choices: tuple[str, ...], value: Any, path: str, problems: list[str]) -> Any:
    if isinstance(value, str) and value in choices:
        return value
    near = difflib.get_close_matches(value if isinstance(value, str) else "", choices, 1, 0.45)
    hint = f"; did you mean {near[0]}?" if near else ""
    return _reject(f"one of {', '.join(choices)}", _describe(value) + hint, path, problems)


def _reject(wanted: str, found: str, path: str, problems: list[str]) -> Any:
    problems.append(f"{path}: {wanted} was expected, not {found}")
    return _WRONG


def _describe(value: Any) -> str:
    shown = _SHORT.repr(value)
    kind = {str: "the text ", bool: "the truth value "}.get(type(value), "")
    return kind + (shown if len(shown) <= 60 else shown[:57] + "...")


class _Short(reprlib.Repr):
    """A repr that stays short for lists whose aliases unfold to gigabytes."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxdict = self.maxset = self.maxtuple = 20
        self.maxstring = self.maxother = 100

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to print an int of more than 4300 digits
        return repr(x) if abs(x) < 10**40 else "a huge number"


_SHORT = _Short()
