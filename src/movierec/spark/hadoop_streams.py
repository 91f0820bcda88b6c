"""Java streams as Python files, and members of a zip streamed through the JVM."""

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


def seekable_file(jvm: Any, stream: Any, size: int) -> io.BufferedReader:
    """Return a Java stream of `size` bytes as a seekable file, for reading small parts."""
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
    """Inflate one member of the zip in the Java stream `raw` to the Java stream `out`.

    `skip` gets the member's first bytes, at most 4096, and returns how many to leave out. Returns
    what is wrong if the content differs from what the zip's directory says, else None. Raises
    InputError, with the `name`, if something else than the zip is at fault.
    """
    copy = jvm.org.apache.commons.io.IOUtils.copyLarge

    def consume(first: bytes, content: Any, length: int) -> bool:
        out.write(bytearray(first))
        return bool(copy(content, out, 0, length) == length)

    return _read_member(jvm, raw, consume, member=member, skip=skip, name=name)


def count_lines(
    jvm: Any, raw: Any, *, member: ZipInfo, skip: Callable[[bytes], int], name: str
) -> tuple[int, str | None]:
    """Read one member like `inflate`, write nothing; return its lines after `skip`, and the fault.

    A last line without a line end counts only since Java 16.
    """
    lines = 0

    def consume(first: bytes, content: Any, length: int) -> bool:
        nonlocal lines
        java, streams = jvm.java.io, jvm.org.apache.commons.io.input
        # The bound: a reader reads ahead, into the member after a stored one. The shield: a
        # sequence closes its parts.
        rest = streams.BoundedInputStream(streams.CloseShieldInputStream.wrap(content), length)
        whole = java.SequenceInputStream(java.ByteArrayInputStream(bytearray(first)), rest)
        reader = java.LineNumberReader(java.InputStreamReader(whole, "ISO-8859-1"))
        size = len(first) + length
        skipped = reader.skip(size + 1)
        lines = int(reader.getLineNumber())
        return bool(skipped == size)

    fault = _read_member(jvm, raw, consume, member=member, skip=skip, name=name)
    return lines, fault


def _read_member(
    jvm: Any,
    raw: Any,
    consume: Callable[[bytes, Any, int], bool],
    *,
    member: ZipInfo,
    skip: Callable[[bytes], int],
    name: str,
) -> str | None:
    """Give `consume` a member's first bytes, its rest as a Java stream, and the rest's length.

    `consume` returns whether the rest had that length. Returns and raises what `inflate` does.
    """
    from py4j.protocol import Py4JJavaError

    inflater = jvm.java.util.zip.Inflater(True)
    try:
        content = _open_content(jvm, raw, member, inflater)
        first = bytes(content.readNBytes(min(member.file_size, 4096)))
        complete = consume(first[skip(first) :], content, member.file_size - len(first))
        ends = member.compress_type != ZIP_DEFLATED or content.read() == -1
        if not (complete and ends and content.getChecksum().getValue() == member.CRC):
            return "its content has not the size or the checksum in the archive's directory"
    except Py4JJavaError as error:
        # other errors, such as a full disk, do not mean that the member is damaged
        if error.java_exception.getClass().getSimpleName() in ("ZipException", "EOFException"):
            return f"its content is damaged ({java_message(error)})"
        raise InputError(f"{name}: {java_message(error)}") from None
    finally:
        inflater.end()
    return None


def _open_content(jvm: Any, raw: Any, member: ZipInfo, inflater: Any) -> Any:
    """Return the member's inflated and checksummed content as a Java stream.

    Not ZipInputStream: it refuses members that were zipped into a pipe, and it trusts the
    member's own header instead of the zip's directory, which was checked.
    """
    zip_, io_utils = jvm.java.util.zip, jvm.org.apache.commons.io.IOUtils
    raw.seek(member.header_offset)
    name_and_extra = struct.unpack("<26x2H", bytes(io_utils.toByteArray(raw, 30)))
    raw.seek(member.header_offset + 30 + sum(name_and_extra))
    content = jvm.java.io.BufferedInputStream(raw, 1 << 20)
    if member.compress_type == ZIP_DEFLATED:
        content = zip_.InflaterInputStream(content, inflater, 1 << 16)
    return zip_.CheckedInputStream(content, zip_.CRC32())
