"""Java's streams as Python files, and the members of a zip streamed through the JVM."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any
from zipfile import ZIP_DEFLATED, ZipInfo

from movierec.errors import InputError
from movierec.spark.java_errors import java_message


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


def buffered(jvm: Any, stream: Any, size: int) -> io.BufferedReader:
    """Return a Java stream of so many bytes as a seekable file, for reading small parts."""
    return io.BufferedReader(_HadoopInput(jvm, stream, size), buffer_size=1 << 16)


def inflate(
    jvm: Any,
    raw: Any,
    out: Any,
    *,
    member: ZipInfo,
    skip: Callable[[bytes], int],
    name: str,
) -> str | None:
    """Stream one member of the zip behind the Java stream `raw` to the Java stream `out`.

    `skip` gets the member's first bytes, at most 4096, and returns how many to leave out. Returns
    what is wrong where the content is not what the zip's directory says, else None. Raises
    InputError, with the `name`, for what is no fault of the zip.
    """
    copy = jvm.org.apache.commons.io.IOUtils.copyLarge

    def drain(first: bytes, content: Any, length: int) -> bool:
        out.write(bytearray(first))
        return bool(copy(content, out, 0, length) == length)

    return _drained(jvm, raw, drain, member=member, skip=skip, name=name)


def count_lines(
    jvm: Any, raw: Any, *, member: ZipInfo, skip: Callable[[bytes], int], name: str
) -> tuple[int, str | None]:
    """Read one member like `inflate`, to nowhere; return its lines after `skip`, and the fault.

    A last line without an end counts from Java 16 on.
    """
    lines = 0

    def drain(first: bytes, content: Any, length: int) -> bool:
        nonlocal lines
        java, streams = jvm.java.io, jvm.org.apache.commons.io.input
        # A reader reads ahead, and behind a member that is stored lies the next one. A sequence
        # closes what it is made of.
        rest = streams.BoundedInputStream(streams.CloseShieldInputStream.wrap(content), length)
        whole = java.SequenceInputStream(java.ByteArrayInputStream(bytearray(first)), rest)
        reader = java.LineNumberReader(java.InputStreamReader(whole, "ISO-8859-1"))
        size = len(first) + length
        passed = reader.skip(size + 1)
        lines = int(reader.getLineNumber())
        return bool(passed == size)

    fault = _drained(jvm, raw, drain, member=member, skip=skip, name=name)
    return lines, fault


def _drained(
    jvm: Any,
    raw: Any,
    drain: Callable[[bytes, Any, int], bool],
    *,
    member: ZipInfo,
    skip: Callable[[bytes], int],
    name: str,
) -> str | None:
    """Have `drain` take a member's first bytes, its rest as a Java stream, and the rest's length.

    It tells whether so much was there. Returns and raises what `inflate` does.
    """
    from py4j.protocol import Py4JJavaError

    inflater = jvm.java.util.zip.Inflater(True)
    try:
        content = _open_content(jvm, raw, member, inflater)
        first = bytes(content.readNBytes(min(member.file_size, 4096)))
        whole = drain(first[skip(first) :], content, member.file_size - len(first))
        ends = member.compress_type != ZIP_DEFLATED or content.read() == -1
        if not (whole and ends and content.getChecksum().getValue() == member.CRC):
            return "its content has not the size or the checksum in the archive's directory"
    except Py4JJavaError as error:
        # A full disk, say, is another matter than a damaged member.
        if error.java_exception.getClass().getSimpleName() in ("ZipException", "EOFException"):
            return f"its content is damaged ({java_message(error)})"
        raise InputError(f"{name}: {java_message(error)}") from None
    finally:
        inflater.end()
    return None


def _open_content(jvm: Any, raw: Any, member: ZipInfo, inflater: Any) -> Any:
    """Return the member's inflated and checksummed content as a Java stream.

    Not ZipInputStream: it refuses members that were zipped into a pipe, and believes the
    member's own header instead of the zip's directory, which is what was checked.
    """
    zip_, io_utils = jvm.java.util.zip, jvm.org.apache.commons.io.IOUtils
    raw.seek(member.header_offset)
    name_and_extra = struct.unpack("<26x2H", bytes(io_utils.toByteArray(raw, 30)))
    raw.seek(member.header_offset + 30 + sum(name_and_extra))
    content = jvm.java.io.BufferedInputStream(raw, 1 << 20)
    if member.compress_type == ZIP_DEFLATED:
        content = zip_.InflaterInputStream(content, inflater, 1 << 16)
    return zip_.CheckedInputStream(content, zip_.CRC32())
