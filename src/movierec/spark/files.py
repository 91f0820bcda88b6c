"""Files under file:, hdfs: and gs:, through Hadoop's FileSystem.

The one module that reaches into the JVM: Spark has no Python API for files.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from movierec.config.uris import is_local, local_path
from movierec.errors import InputError
from movierec.spark.java_errors import call_java, input_error

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class FileStatus:
    """The size of a file in bytes, and when it was modified in ms since 1970."""

    length: int
    modified: int
    is_directory: bool


class Files:
    """Reads, writes and deletes by URI. Local files are read without starting Spark.

    `spark` is called when Hadoop is first needed. Raises InputError with the URI if a file cannot
    be read.
    """

    def __init__(self, spark: Callable[[], SparkSession]) -> None:
        self._spark = spark

    @property
    def _jvm(self) -> Any:
        return self._spark()._jvm

    def _open_at(self, uri: str) -> tuple[Any, Any]:
        """Return Hadoop's file system and path for the URI."""
        path = call_java(uri, self._jvm.org.apache.hadoop.fs.Path, uri)
        conf = self._spark().sparkContext._jsc.hadoopConfiguration()
        return call_java(uri, path.getFileSystem, conf), path

    def exists(self, uri: str) -> bool:
        """Return whether the file or directory exists."""
        if is_local(uri):
            return os.path.exists(local_path(uri))
        files, path = self._open_at(uri)
        return bool(call_java(uri, files.exists, path))

    def read_text(self, uri: str) -> str | None:
        """Return the UTF-8 text of a small file, None if it does not exist."""
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
        stream = call_java(uri, files.open, path)
        try:
            utils = self._jvm.org.apache.commons.io.IOUtils
            return str(call_java(uri, utils.toString, stream, "UTF-8"))
        finally:
            stream.close()

    def write_text(self, uri: str, text: str) -> None:
        """Write a small file and its missing parent directories; an existing file is replaced."""
        files, path = self._open_at(uri)
        stream = call_java(uri, files.create, path, True)
        try:
            call_java(uri, stream.write, bytearray(text, "utf-8"))
        finally:
            call_java(uri, stream.close)

    def delete(self, uri: str) -> None:
        """Delete a file or a whole directory, if it exists."""
        files, path = self._open_at(uri)
        if not call_java(uri, files.delete, path, True) and self.exists(uri):
            raise InputError(f"{uri}: could not be deleted; check who else writes there")

    def delete_if_empty(self, uri: str) -> None:
        """Delete a directory if it exists and is empty."""
        from py4j.protocol import Py4JJavaError

        files, path = self._open_at(uri)
        with suppress(Py4JJavaError):
            files.delete(path, False)

    def sha256(self, uri: str) -> str:
        """Return the checksum of a file's bytes, in hexadecimal."""
        if is_local(uri):
            with self.open(uri) as file:
                return sha256_of(file)
        files, path = self._open_at(uri)
        stream = call_java(uri, files.open, path)
        try:
            digest = self._jvm.org.apache.commons.codec.digest.DigestUtils
            return str(call_java(uri, digest.sha256Hex, stream))
        finally:
            stream.close()

    @contextmanager
    def open(self, uri: str) -> Iterator[BinaryIO]:
        """Yield a file for reading; if it is not local, a temporary copy on the driver's disk."""
        with ExitStack() as stack:
            path = stack.enter_context(self._local_file(uri))
            if not is_local(uri):
                self.copy(uri, f"file://{path}")
            try:
                file = stack.enter_context(open(path, "rb"))
            except IsADirectoryError:
                zipped = f"(cd {shlex.quote(path)} && zip -r ../{os.path.basename(path)}.zip .)"
                raise InputError(f"{uri}: it is a folder; zip it: {zipped}") from None
            except OSError as error:
                raise InputError(f"{uri}: cannot be read: {error.strerror}") from None
            yield file

    @contextmanager
    def create(self, uri: str) -> Iterator[BinaryIO]:
        """Yield a file for writing; missing parent directories are made.

        If it is not local, it is on the driver's disk until the block ends without an error.
        """
        with self._local_file(uri) as path:
            try:
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, "wb") as file:
                    yield file
            except OSError as error:
                raise input_error(path, str(error.strerror)) from None
            if not is_local(uri):
                self.copy(f"file://{path}", uri)

    @contextmanager
    def _local_file(self, uri: str) -> Iterator[str]:
        """Yield the local path of the URI, or that of a file which is deleted after the block."""
        if is_local(uri):
            yield local_path(uri)
            return
        # below spark.local.dir, where room for shuffled data is already needed
        folder = self._spark().sparkContext._temp_dir
        try:
            temporary = TemporaryDirectory(dir=folder)
        except OSError as error:
            raise input_error(folder, str(error.strerror)) from None
        with temporary:
            yield f"{temporary.name}/file"

    def free_space(self, uri: str) -> int | None:
        """Return the bytes that can still be written there, None if there is no limit."""
        if is_local(uri):
            folder = Path(local_path(uri))  # Hadoop would include the space reserved for root
            return shutil.disk_usage(next(filter(Path.exists, (folder, *folder.parents)))).free
        files, path = self._open_at(uri)
        while not call_java(uri, files.exists, path) and path.getParent() is not None:
            path = path.getParent()
        free = int(call_java(uri, files.getStatus, path).getRemaining())
        # HDFS keeps copies; for a bucket Hadoop returns Java's largest long
        return None if free == 2**63 - 1 else free // max(1, files.getDefaultReplication(path))

    def status(self, uri: str) -> FileStatus | None:
        """Return the status of a file or directory, None if it does not exist."""
        if not self.exists(uri):
            return None
        files, path = self._open_at(uri)
        status = call_java(uri, files.getFileStatus, path)
        return FileStatus(status.getLen(), status.getModificationTime(), status.isDirectory())

    def size(self, uri: str) -> int:
        """Return the bytes of a file, or of all files below a directory."""
        files, path = self._open_at(uri)
        return int(call_java(uri, files.getContentSummary, path).getLength())

    def names(self, uri: str) -> list[str]:
        """Return the sorted names of a directory's entries."""
        files, path = self._open_at(uri)
        return sorted(entry.getPath().getName() for entry in call_java(uri, files.listStatus, path))

    def copy(self, source: str, target: str) -> None:
        """Copy a file, replacing an existing one, or a directory to a new URI, on any systems."""
        from_files, from_path = self._open_at(source)
        to_files, to_path = self._open_at(target)
        conf = self._spark().sparkContext._jsc.hadoopConfiguration()
        copied = self._jvm.org.apache.hadoop.fs.FileUtil.copy
        arguments = (from_files, from_path, to_files, to_path, False, True, conf)
        if not call_java(f"{source} to {target}", copied, *arguments):
            raise InputError(f"{source} could not be copied to {target}")

    def make_directory(self, uri: str) -> None:
        """Make a directory and its missing parents."""
        files, path = self._open_at(uri)
        if not call_java(uri, files.mkdirs, path):
            raise InputError(f"{uri}: the directory could not be made")

    def rename(self, source: str, target: str) -> None:
        """Rename a file within one file system; `target` must not exist."""
        files, path = self._open_at(source)
        _, target_path = self._open_at(target)
        if not call_java(source, files.rename, path, target_path):
            raise InputError(f"{source} could not be renamed to {target}")


def sha256_of(file: BinaryIO) -> str:
    """Return the checksum of an open file's bytes, in hexadecimal."""
    digest = hashlib.sha256()
    file.seek(0)
    while block := file.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def local_sha256(path: str) -> str:
    """Return the checksum of a local file's bytes, in hexadecimal."""
    with open(path, "rb") as file:
        return sha256_of(file)
