"""A driver's output: a series of objects in Cloud Storage that grows while the job runs."""

from __future__ import annotations

from collections import deque
from typing import BinaryIO, Final

from movierec.errors import InputError
from movierec_dataproc.google.bucket import Bucket

TAIL_BYTES: Final = 64 << 10


class DriverLog:
    """Copies the objects PREFIX.000000000, PREFIX.000000001, … to `out`, every byte once.

    Dataproc appends to the last object and sometimes starts the next one; an empty object ends
    the series.
    """

    def __init__(self, objects: Bucket, prefix: str, *, out: BinaryIO) -> None:
        self._objects = objects
        self._prefix = prefix
        self._out = out
        self._index = 0
        self._position = 0
        self._tail: deque[bytes] = deque()
        self.ended = False
        """The series is complete and copied."""

    def poll(self) -> int:
        """Copy what is new and return the number of bytes; a failed poll can be repeated.

        Raises InputError if an object has become shorter, and what the bucket raises.
        """
        copied = 0
        while not self.ended:
            # look up the next object first: once it exists, this one no longer grows
            complete = self._objects.size(self._name(self._index + 1)) is not None
            name = self._name(self._index)
            size = self._objects.size(name)
            if size is None:
                break
            if size < self._position:
                raise InputError(
                    f"{name}: has {size} bytes, fewer than the {self._position} that were read: "
                    "another program writes there; read it from the start with `make logs`"
                )
            if size == 0:
                self.ended = True
            elif size > self._position:
                copied += self._copy(name, size)
            if not complete or self.ended:
                break
            if self._position >= size:
                self._index, self._position = self._index + 1, 0
        return copied

    def last_lines(self, number: int) -> list[str]:
        """Return the last lines that were copied."""
        text = b"".join(self._tail).decode("utf-8", errors="replace")
        return text.splitlines()[-number:]

    def _name(self, index: int) -> str:
        return f"{self._prefix}.{index:09d}"

    def _copy(self, name: str, size: int) -> int:
        """Copy from the position to `size`; a broken connection may return fewer bytes."""
        data = self._objects.read_range(name, self._position, size)
        if not data:
            raise ConnectionError(f"{name}: 0 of {size - self._position} bytes arrived")
        self._out.write(data)
        self._out.flush()
        self._position += len(data)
        self._tail.append(data[-TAIL_BYTES:])
        while sum(map(len, self._tail)) - len(self._tail[0]) > TAIL_BYTES:
            self._tail.popleft()
        return len(data)
