"""Files under file:, hdfs: and gs:, through Hadoop's FileSystem.

The one module that reaches into the JVM: Spark has no Python API for files.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import struct
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipInfo

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
        path = plain_errors(uri, self._jvm.org.apache.hadoop.fs.Path, uri)
        conf = self._spark().sparkContext._jsc.hadoopConfiguration()
        return plain_errors(uri, path.getFileSystem, conf), path

    def exists(self, uri: str) -> bool:
        """Tell whether a file or directory is there."""
        if is_local(uri):
            return os.path.exists(local_path(uri))
        files, path = self._open_at(uri)
        return bool(plain_errors(uri, files.exists, path))

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
        stream = plain_errors(uri, files.open, path)
        try:
            return str(self._jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8"))
        finally:
            stream.close()

    def write_text(self, uri: str, text: str) -> None:
        """Write a small file over whatever is there, and its missing parent directories."""
        files, path = self._open_at(uri)
        stream = plain_errors(uri, files.create, path, True)
        try:
            plain_errors(uri, stream.write, bytearray(text, "utf-8"))
        finally:
            plain_errors(uri, stream.close)

    def delete(self, uri: str) -> None:
        """Delete a file or a whole directory; nothing happens where there is none."""
        files, path = self._open_at(uri)
        plain_errors(uri, files.delete, path, True)

    def sha256(self, uri: str) -> str:
        """Return the checksum of a file's bytes, in hexadecimal."""
        if is_local(uri):
            try:
                return _local_sha256(local_path(uri))
            except OSError as error:
                raise InputError(f"{uri}: cannot be read: {error.strerror}") from None
        files, path = self._open_at(uri)
        stream = plain_errors(uri, files.open, path)
        try:
            digest = self._jvm.org.apache.commons.codec.digest.DigestUtils
            return str(plain_errors(uri, digest.sha256Hex, stream))
        finally:
            stream.close()

    def open(self, uri: str) -> io.BufferedReader:
        """Return a seekable binary file for reading small parts, such as a zip's directory."""
        files, path = self._open_at(uri)
        size = plain_errors(uri, files.getFileStatus, path).getLen()
        stream = plain_errors(uri, files.open, path)
        return io.BufferedReader(_HadoopInput(self._jvm, stream, size), buffer_size=1 << 16)

    def inflate_member(
        self, archive: str, *, member: ZipInfo, target: str, skip: Callable[[bytes], int]
    ) -> str | None:
        """Stream one member of a zip through the JVM to the file `target`.

        `skip` gets the member's first bytes, at most 4096, and returns how many to leave out.
        Returns what is wrong where the content is not what the zip's directory says, else None.
        """
        from py4j.protocol import Py4JJavaError

        files, path = self._open_at(archive)
        target_files, target_path = self._open_at(target)
        copy = self._jvm.org.apache.commons.io.IOUtils.copyLarge
        inflater = self._jvm.java.util.zip.Inflater(True)
        raw = plain_errors(archive, files.open, path)
        try:
            content = self._open_content(raw, member, inflater)
            first = bytes(content.readNBytes(min(member.file_size, 4096)))
            rest, length = first[skip(first) :], member.file_size - len(first)
            with closing(plain_errors(target, target_files.create, target_path, True)) as out:
                out.write(bytearray(rest))
                whole = copy(content, out, 0, length) == length
            ends = member.compress_type != ZIP_DEFLATED or content.read() == -1
            if not (whole and ends and content.getChecksum().getValue() == member.CRC):
                return "its content has not the size or the checksum in the archive's directory"
        except Py4JJavaError as error:
            # A full disk, say, is another matter than a damaged member.
            if error.java_exception.getClass().getSimpleName() in ("ZipException", "EOFException"):
                return f"its content is damaged ({java_message(error)})"
            raise InputError(f"{archive}: {member.filename}: {java_message(error)}") from None
        finally:
            raw.close()
            inflater.end()
        return None

    def _open_content(self, raw: Any, member: ZipInfo, inflater: Any) -> Any:
        """Return the member's inflated and checksummed content as a Java stream.

        Not ZipInputStream: it refuses members that were zipped into a pipe, and believes the
        member's own header instead of the zip's directory, which is what was checked.
        """
        zip_, io_utils = self._jvm.java.util.zip, self._jvm.org.apache.commons.io.IOUtils
        raw.seek(member.header_offset)
        name_and_extra = struct.unpack("<26x2H", bytes(io_utils.toByteArray(raw, 30)))
        raw.seek(member.header_offset + 30 + sum(name_and_extra))
        content = self._jvm.java.io.BufferedInputStream(raw, 1 << 20)
        if member.compress_type == ZIP_DEFLATED:
            content = zip_.InflaterInputStream(content, inflater, 1 << 16)
        return zip_.CheckedInputStream(content, zip_.CRC32())


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
    """Return in one line the class and message of py4j's Java error, or of PySpark's own of it."""
    cause = error._origin if hasattr(error, "_origin") else error.java_exception
    text = " ".join(str(cause.getMessage() or "").split())
    return f"{cause.getClass().getSimpleName()}: {text}".removesuffix(": ")


def plain_errors(uri: str, call: Callable[..., Any], *arguments: Any) -> Any:
    """Call into Hadoop; its exceptions become an InputError that names the URI."""
    from py4j.protocol import Py4JJavaError
    from pyspark.errors.exceptions.captured import CapturedException

    try:
        return call(*arguments)
    except (Py4JJavaError, CapturedException) as error:
        raise InputError(f"{uri}: {java_message(error)}") from None


def _local_sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
