"""Brings the archive that a conf names: by download, or by generating it."""

from __future__ import annotations

import http.client
import os
import shutil
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from movierec.config.schema import SourceConfig
from movierec.config.uris import is_local, local_path, resolve_uri
from movierec.errors import InputError
from movierec.spark.files import local_sha256

_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60


def fetch_archive(source: SourceConfig, *, again: bool = False) -> Path:
    """Return the local archive, downloaded or generated if it is not there yet, or `again`.

    A download appears under its name only when whole and, where conf gives a sha256, checked; until
    then one that was there stays. Raises InputError where conf names neither url nor generate, the
    download fails, or the checksum is another; an archive that is there already is checked too.
    """
    uri = resolve_uri(source.archive, key="source.archive")
    if not is_local(uri):
        raise InputError(f"source.archive: {uri} is not local; fetch to a local path and copy it")
    path = Path(local_path(uri))
    if again or not path.exists():
        if source.generate is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _generate(source, path)
            _check_local(path, source.sha256, cure="correct it")
        elif source.url is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            _download(source.url, path, sha256=source.sha256)
        else:
            raise InputError(f"source.archive: there is no {path}, and conf gives no source.url")
    else:
        _check_local(path, source.sha256, cure="fetch it again with `make data FORCE=1`")
    return path


def _generate(source: SourceConfig, path: Path) -> None:
    from movierec_synthetic import SampleSpec, write_archive

    assert source.generate is not None  # the caller's condition
    size = source.generate
    spec = SampleSpec(users=size.users, movies=size.movies, ratings=size.ratings, seed=size.seed)
    write_archive(spec, path, root=path.stem)


def _download(url: str, path: Path, *, sha256: str | None) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"source.url: {url} is not an http or https address")
    part = path.with_name(f"{path.name}.part-{os.getpid()}")
    try:
        with (
            urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response,
            part.open("wb") as file,
        ):
            shutil.copyfileobj(response, file, _BLOCK)
            expected = response.headers.get("Content-Length")
        if expected is not None and part.stat().st_size != int(expected):
            raise InputError(f"{url}: cut off after {part.stat().st_size} of {expected} bytes")
        if sha256 is not None:
            _check(url, sha256, found=local_sha256(str(part)), cure="try again later")
        part.replace(path)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise InputError(f"{url}: the download failed: {error}; try again later") from None
    finally:
        part.unlink(missing_ok=True)


def _check_local(path: Path, sha256: str | None, *, cure: str) -> None:
    if sha256 is not None:
        _check(str(path), sha256, found=local_sha256(str(path)), cure=cure)


def _check(name: str, expected: str, *, found: str, cure: str) -> None:
    if found != expected.lower():
        raise InputError(
            f"{name}: its sha256 is {found}, not source.sha256 {expected}; {cure}, or set "
            "source.sha256=null to take it as it is"
        )
