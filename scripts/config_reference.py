"""Writes docs/configuration.md from the dataclasses of the confs; --check only compares."""

from __future__ import annotations

import argparse
import ast
import inspect
import itertools
import types
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import yaml

from movierec.config.fields import ListOf
from movierec.config.schema import Config
from movierec_dataproc.conf.schema import ClusterConfig

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
KINDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}
TEXT = """# Configuration

A conf holds what differs from the defaults below. `--set section.key=value` overrides a key, with
make `SET="section.key=value …"`. `--print-config` prints every key with its value, `--check-config`
only checks the conf. `python scripts/config_reference.py` writes this page from the source.

## The pipeline

The keys of `conf/sample.yaml`, `conf/small.yaml` and `conf/full.yaml`, and of your own confs.
{}
## Dataproc

The keys of `conf/cluster.yaml`, or of your own `CLUSTER=my.yaml`; `--cluster-set` overrides a key.
{}"""


def tables(cls: type, path: str = "") -> str:
    """Return a table of the class's own keys, then the tables of its sections."""
    nodes = ast.iter_child_nodes(ast.parse(inspect.getsource(cls)).body[0])
    meanings = {
        ast.unparse(field.target): " ".join(ast.literal_eval(below.value).split())
        for field, below in itertools.pairwise(nodes)
        if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr)
    }
    rows, sections = "", ""
    for field in fields(cls):
        key, hint = path + field.name, get_type_hints(cls, include_extras=True)[field.name]
        if not is_dataclass(hint):
            rows += f"| `{key}` | {described(hint)} | {default(field)} | {meanings[field.name]} |\n"
        for one in (hint, *get_args(hint)):
            if isinstance(one, type) and is_dataclass(one):
                sections += f"\n### `{key}`\n\n{' '.join(str(one.__doc__).split())}\n"
                sections += tables(one, f"{key}.")
    head = "\n| key | type and range | default | meaning |\n|---|---|---|---|\n" if rows else ""
    return head + rows + sections


def described(hint: Any, constraint: Any = None) -> str:
    """Return a type and its range in words."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return described(*inner)
    if origin in (Union, types.UnionType):
        return f"{described(inner[0])}, or null"
    if origin is Literal:
        return "one of " + ", ".join(f"`{choice}`" for choice in inner)
    if isinstance(constraint, ListOf):
        return f"list; each {described(inner[0], constraint.range)}"
    kind = KINDS.get(hint, "section" if hint == dict[str, Any] or not origin else "texts by name")
    return f"{kind} {constraint or ''}".rstrip()


def default(field: Field[Any]) -> str:
    """Return a key's default as YAML."""
    value = field.default if field.default_factory is MISSING else field.default_factory()
    if value is MISSING or is_dataclass(value):
        return "required" if value is MISSING else "as below"
    text = yaml.safe_dump(value, default_flow_style=True, width=10**6, sort_keys=False)
    return f"`{text.splitlines()[0]}`"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether it is up to date")
    arguments, written = parser.parse_args(), TEXT.format(tables(Config), tables(ClusterConfig))
    if not arguments.check:
        DOCUMENT.write_text(written, encoding="utf-8")
    elif DOCUMENT.read_text(encoding="utf-8") != written:
        parser.exit(1, f"{DOCUMENT} is out of date: run `python scripts/config_reference.py`\n")
