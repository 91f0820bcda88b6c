"""Fast CSV text: fixed-width columns of bytes, padding removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.bytes_]

# As in GroupLens's archives.
LINE_END = "\r\n"

_LOW_DIGITS = 100_000


def csv_rows(columns: list[Bytes]) -> bytes:
    """The rows of columns of equal length, comma-separated, each ended by LINE_END.

    Cells must be encoded and quoted already, and hold no NUL.
    """
    widths = [column.dtype.itemsize for column in columns]
    rows = np.zeros((len(columns[0]), sum(widths) + len(widths) + 1), dtype=np.uint8)
    at = 0
    for column, width in zip(columns, widths, strict=True):
        cells = np.ascontiguousarray(column).view(np.uint8).reshape(len(column), width)
        rows[:, at : at + width] = cells
        rows[:, at + width] = ord(",")
        at += width + 1
    rows[:, at - 1 :] = np.frombuffer(LINE_END.encode(), dtype=np.uint8)
    return rows.tobytes().translate(None, b"\0")


def integer_cells(values: npt.NDArray[np.integer]) -> Bytes:
    """Decimal cells of integers from 0 up."""
    return values.astype(f"S{len(str(int(values.max(initial=0))))}")


def timestamp_cells(times: npt.NDArray[np.integer]) -> Bytes:
    """Decimal cells of Unix times of at least six digits."""
    high, low = np.divmod(times, _LOW_DIGITS)
    lowest = int(high.min(initial=_LOW_DIGITS))
    table = integer_cells(np.arange(lowest, max(lowest, int(high.max(initial=0))) + 1))
    cells = np.empty((len(times), 2), dtype=f"S{max(5, table.dtype.itemsize)}")
    cells[:, 0] = table[high - lowest]
    cells[:, 1] = _LOW_TABLE[low]
    return cells.view(f"S{2 * cells.dtype.itemsize}").ravel()


def text_cells(texts: Iterable[str]) -> Bytes:
    """UTF-8 cells; quoted, quotes doubled, if they hold a comma, a quote or a line end."""
    return np.array([quote(text).encode() for text in texts], dtype=np.bytes_)


def quote(text: str) -> str:
    """The text as one CSV cell."""
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


def row_slices(rows: int, chunk_rows: int) -> Iterator[slice]:
    """Consecutive slices of at most `chunk_rows` rows."""
    for begin in range(0, rows, chunk_rows):
        yield slice(begin, min(begin + chunk_rows, rows))


_LOW_TABLE = np.array([f"{low:05d}" for low in range(_LOW_DIGITS)], dtype=np.bytes_)
