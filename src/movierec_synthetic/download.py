"""Download or generate the archive that a conf names."""

from __future__ import annotations

import http.client
import os
import shutil
import ssl
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

from movierec.config.schema import SourceConfig
from movierec.config.uris import is_local, local_path, resolve_uri
from movierec.errors import InputError
from movierec.spark.files import local_sha256
from movierec_synthetic.archive import write_archive
from movierec_synthetic.spec import SampleSpec

_BLOCK = 1 << 20
_TIMEOUT_SECONDS = 60


def fetch_archive(source: SourceConfig, *, again: bool = False) -> Path:
    """Return the local archive; download or generate it if it is missing, or if `again`.

    A download replaces the archive only when it is complete and has source.sha256, if conf gives
    one; an existing archive is checked too. Raises InputError if conf names neither url nor
    generate, the download fails, or the checksum is wrong.
    """
    uri = resolve_uri(source.archive, key="source.archive")
    if not is_local(uri):
        raise InputError(f"source.archive: {uri} is not local; fetch to a local path and copy it")
    path = Path(local_path(uri))
    if path.exists() and not again:
        _check_sha256(
            str(path), source.sha256, file=path, fix="fetch it again with `make data FORCE=1`"
        )
    elif source.generate is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_archive(SampleSpec(**vars(source.generate)), path, root=path.stem)
        _check_sha256(str(path), source.sha256, file=path, fix="correct it")
    elif source.url is not None:
        _download(source.url, path, sha256=source.sha256)
    else:
        raise InputError(f"source.archive: there is no {path}, and conf gives no source.url")
    return path


def _download(url: str, path: Path, *, sha256: str | None) -> None:
    if urlsplit(url).scheme not in ("http", "https"):
        raise InputError(f"source.url: {url} is not an http or https address")
    path.parent.mkdir(parents=True, exist_ok=True)
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
        _check_sha256(url, sha256, file=part, fix="try again later")
        if not zipfile.is_zipfile(part):
            with part.open("rb") as file:
                begins = file.read(40)
            raise InputError(
                f"{url}: what came is no zip, it begins with {begins!r}; open the address in a "
                "browser: a network may ask for a login first"
            )
        part.replace(path)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise InputError(f"{url}: the download failed: {error}; {_fix(error)}") from None
    finally:
        part.unlink(missing_ok=True)


def _fix(error: Exception) -> str:
    """Return what helps: another address, other certificates, or time."""
    gone = isinstance(error, urllib.error.HTTPError) and 400 <= error.code < 500
    if gone or isinstance(error, (ValueError, http.client.InvalidURL)):
        return "correct source.url"
    if isinstance(getattr(error, "reason", None), ssl.SSLCertVerificationError):
        return "check this machine's clock and its certificates (SSL_CERT_FILE)"
    return "try again later"


def _check_sha256(name: str, expected: str | None, *, file: Path, fix: str) -> None:
    if expected is not None and (found := local_sha256(str(file))) != expected.lower():
        raise InputError(
            f"{name}: its sha256 is {found}, not source.sha256 {expected}; {fix}, or set "
            "source.sha256=null to take it as it is"
        )
