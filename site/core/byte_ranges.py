"""Byte ranges as in RFC 9110: parsing the Range header, and reading a part of a file."""

import io
import re
from dataclasses import dataclass
from typing import IO

ONE_RANGE = re.compile(r"([0-9]*)-([0-9]*)")
LONGEST_NUMBER = 18  # digits; no file is longer


class Unsatisfiable(Exception):  # noqa: N818  the word of RFC 9110, section 15.5.17
    """No byte of the file is in the range, or more than one range was requested."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes `first` to `last`, both counted from 0 and included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1

    def content_range(self, size: int) -> str:
        return f"bytes {self.first}-{self.last}/{size}"


def parse(header: str, size: int) -> Span | None:
    """Return the span that a Range header requests of a file of `size` bytes.

    Return None if the header must be ignored (whole file). Raises `Unsatisfiable` for a range
    outside the file and for several ranges in one request: players do not need them, and a small
    request could cause a large response.
    """
    unit, _, wanted = header.strip().partition("=")
    if unit.strip().lower() != "bytes" or not wanted:
        return None
    parts = [part.strip() for part in wanted.split(",") if part.strip()]
    matches = [ONE_RANGE.fullmatch(part) for part in parts]
    if not parts or any(match is None or match.groups() == ("", "") for match in matches):
        return None
    if len(parts) > 1:
        raise Unsatisfiable
    first, last = (_bounded(number) for number in parts[0].split("-"))
    return (
        _suffix(int(last), size)
        if first == ""
        else _span(int(first), int(last) if last else size - 1, size)
    )


def _bounded(digits: str) -> str:
    """Return the number, capped above any file size:
    Python refuses to parse thousands of digits.
    """
    digits = digits[:-1].lstrip("0") + digits[-1:]
    return digits if len(digits) <= LONGEST_NUMBER else "9" * LONGEST_NUMBER


def _suffix(length: int, size: int) -> Span:
    if length == 0 or size == 0:
        raise Unsatisfiable
    return Span(max(0, size - length), size - 1)


def _span(first: int, last: int, size: int) -> Span | None:
    if last < first < size:
        return None  # not a valid range at all: ignored
    if first >= size:
        raise Unsatisfiable
    return Span(first, min(last, size - 1))


class Slice:
    """A readable for the next `length` bytes of an open file.

    It has `fileno` if the file has one, so that a server with sendfile (gunicorn) sends the bytes
    without copying them through Python. Such a server takes the number of bytes from
    Content-Length.
    """

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file = file
        self._left = length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        data = self._file.read(wanted) if wanted else b""
        self._left -= len(data)
        return data

    def fileno(self) -> int:
        """Raises `io.UnsupportedOperation` if the file has no file descriptor."""
        fileno = getattr(self._file, "fileno", None)
        if fileno is None:
            raise io.UnsupportedOperation("fileno")
        return int(fileno())

    def close(self) -> None:
        self._file.close()
