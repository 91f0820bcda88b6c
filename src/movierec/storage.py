"""Files under file:, hdfs: and gs:, through Hadoop's FileSystem.

The one module that reaches into the JVM: Spark has no Python API for files.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from movierec.errors import ConfigError, InputError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

SCHEMES = ("file", "hdfs", "gs")


def resolve_uri(value: str, *, key: str) -> str:
    """Return the path or URI as an absolute URI without a trailing slash.

    A plain path, and a relative one behind `file:`, is taken from the working directory. `key`
    names the value in the ConfigError that an unknown scheme raises.
    """
    match = re.match(r"^([A-Za-z][A-Za-z0-9+.-]*):(.*)$", value)
    scheme, rest = match.groups() if match else ("file", value)
    if scheme not in SCHEMES:
        allowed = ", ".join(f"{scheme}:" for scheme in SCHEMES)
        raise ConfigError([f"{key}: {value!r} has the scheme {scheme}:, not one of {allowed}"])
    if scheme == "file":
        path = re.sub(r"^//(?=/)", "", rest)
        if path.startswith("//"):
            raise ConfigError([f"{key}: {value!r} names a host; write file:///path"])
        return "file://" + os.path.abspath(path)
    return value.rstrip("/")


def is_local(uri: str) -> bool:
    """Tell whether plain Python can read the resolved URI."""
    return uri.startswith("file:")


def local_path(uri: str) -> str:
    """Return the path of a resolved `file:` URI."""
    return uri.removeprefix("file://")


class Files:
    """Reads, writes and deletes by URI. What is local is read without starting Spark.

    `spark` is called at the first touch of Hadoop. Raises InputError with the URI where a file
    cannot be read.
    """

    def __init__(self, spark: Callable[[], SparkSession]) -> None:
        self._spark = spark

    @property
    def _jvm(self) -> Any:
        return self._spark()._jvm

    def _open_at(self, uri: str) -> tuple[Any, Any]:
        """Return Hadoop's file system and path for the URI."""
        path = self._jvm.org.apache.hadoop.fs.Path(uri)
        conf = self._spark().sparkContext._jsc.hadoopConfiguration()
        return path.getFileSystem(conf), path

    def exists(self, uri: str) -> bool:
        """Tell whether a file or directory is there."""
        if is_local(uri):
            return os.path.exists(local_path(uri))
        files, path = self._open_at(uri)
        return bool(_plain_errors(uri, files.exists, path))

    def read_text(self, uri: str) -> str | None:
        """Return the UTF-8 text of a small file, None where there is none."""
        if is_local(uri):
            try:
                with open(local_path(uri), encoding="utf-8") as file:
                    return file.read()
            except FileNotFoundError:
                return None
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{uri}: cannot be read: {error}") from None
        if not self.exists(uri):
            return None
        files, path = self._open_at(uri)
        stream = _plain_errors(uri, files.open, path)
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def write_text(self, uri: str, text: str) -> None:
        """Write a small file over whatever is there, and its missing parent directories."""
        files, path = self._open_at(uri)
        stream = _plain_errors(uri, files.create, path, True)
        try:
            _plain_errors(uri, stream.write, bytearray(text, "utf-8"))
        finally:
            _plain_errors(uri, stream.close)

    def delete(self, uri: str) -> None:
        """Delete a file or a whole directory; nothing happens where there is none."""
        files, path = self._open_at(uri)
        _plain_errors(uri, files.delete, path, True)

    def sha256(self, uri: str) -> str:
        """Return the checksum of a file's bytes, in hexadecimal."""
        if is_local(uri):
            try:
                with open(local_path(uri), "rb") as file:
                    return _local_sha256(file)
            except OSError as error:
                raise InputError(f"{uri}: cannot be read: {error.strerror}") from None
        files, path = self._open_at(uri)
        stream = _plain_errors(uri, files.open, path)
        try:
            digest = self._jvm.org.apache.commons.codec.digest.DigestUtils
            return str(_plain_errors(uri, digest.sha256Hex, stream))
        finally:
            stream.close()

    def open(self, uri: str) -> io.BufferedReader:
        """Return a seekable binary file for reading small parts, such as a zip's directory."""
        files, path = self._open_at(uri)
        size = _plain_errors(uri, files.getFileStatus, path).getLen()
        stream = _plain_errors(uri, files.open, path)
        return io.BufferedReader(_HadoopInput(self._jvm, stream, size), buffer_size=1 << 16)

    def inflate_member(
        self, archive: str, *, offset: int, size: int, target: str, header: bytes | None
    ) -> str | None:
        """Stream one member of a zip through the JVM to the file `target`.

        `offset` is where the member's own header lies in the archive and `size` what it inflates
        to. A `header` must be the member's first line and is left out of the target. Returns
        what is wrong with the member (its checksum, its size, its header), or None.
        """
        from py4j.protocol import Py4JJavaError

        files, path = self._open_at(archive)
        target_files, target_path = self._open_at(target)
        raw = _plain_errors(archive, files.open, path)
        try:
            raw.seek(offset)
            inflated = self._jvm.java.util.zip.ZipInputStream(
                self._jvm.java.io.BufferedInputStream(raw, 1 << 20)
            )
            if inflated.getNextEntry() is None:
                return "no member lies where the archive's directory says"
            first = bytes(inflated.readNBytes(min(size, _HEADER_LIMIT))) if header else b""
            line, _, rest = first.partition(b"\n")
            if header and line.rstrip(b"\r") != header:
                return f"its first line is {_shown(line)}, not {header.decode()!r}"
            out = _plain_errors(target, target_files.create, target_path, True)
            try:
                out.write(bytearray(rest))
                copied = self._jvm.org.apache.commons.io.IOUtils.copyLarge(
                    inflated, out, 0, size - len(first)
                )
            finally:
                out.close()
            # The read past the last byte is what makes the JVM compare the checksum.
            if copied != size - len(first) or inflated.read() != -1:
                return f"it does not inflate to the {size} bytes that the archive's directory says"
        except Py4JJavaError as error:
            return java_message(error)
        finally:
            raw.close()
        return None


_HEADER_LIMIT = 4096


class _HadoopInput(io.RawIOBase):
    """A Hadoop input stream as a Python file."""

    def __init__(self, jvm: Any, stream: Any, size: int) -> None:
        self._to_bytes = jvm.org.apache.commons.io.IOUtils.toByteArray
        self._stream = stream
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError(f"a seek to {base + offset}, before the file's start")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._position))
        if count:
            self._stream.seek(self._position)
            buffer[:count] = bytes(self._to_bytes(self._stream, count))
            self._position += count
        return count

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()


def java_message(error: Any) -> str:
    """Return a Java exception's class and message in one line."""
    cause = error.java_exception
    text = " ".join(str(cause.getMessage() or "").split())
    name = cause.getClass().getSimpleName()
    return f"{name}: {text}" if text else str(name)


def _plain_errors(uri: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call into Hadoop; its exceptions become an InputError that names the URI."""
    from py4j.protocol import Py4JJavaError

    try:
        return call(*arguments)
    except Py4JJavaError as error:
        raise InputError(f"{uri}: {java_message(error)}") from None


def _local_sha256(file: io.BufferedReader) -> str:
    digest = hashlib.sha256()
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def _shown(line: bytes) -> str:
    text = line[:80].decode("utf-8", errors="backslashreplace")
    return repr(text.rstrip("\r")) + ("..." if len(line) > 80 else "")
