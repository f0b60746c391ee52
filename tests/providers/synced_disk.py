"""What a power cut leaves of a SQLite database: what had been synced, and nothing that only the
living could see.

A file system of SQLite's own kind ("VFS") is put in front of the usual one. It notes the content of
each file at the moment when SQLite has it synced; whatever is written later is lost with the power.
"""

import _sqlite3
import ctypes
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_void_p
from pathlib import Path
from typing import Any

METHODS = 18  # of sqlite3_io_methods, version 3
SYNC = 4  # xSync among them
OK = 0


class IoMethods(Structure):
    _fields_ = [("version", c_int), ("functions", c_void_p * METHODS)]


class File(Structure):
    _fields_ = [("methods", POINTER(IoMethods))]


XOpen = CFUNCTYPE(c_int, c_void_p, c_void_p, POINTER(File), c_int, c_void_p)
XSync = CFUNCTYPE(c_int, POINTER(File), c_int)


class Vfs(Structure):
    _fields_ = [
        ("version", c_int),
        ("file_size", c_int),
        ("path_length", c_int),
        ("next", c_void_p),
        ("name", c_char_p),
        ("data", c_void_p),
        ("open", c_void_p),
        ("rest", c_void_p * 14),
    ]


_kept: list[Any] = []  # a connection may outlive the test that opened it, and goes on calling these


class SyncedDisk:
    """`image` is the database as a power cut at this moment would leave it."""

    def __init__(self, database: Path) -> None:
        self.database = database
        self.syncs = 0
        self._contents = {path: path.read_bytes() for path in self._paths() if path.exists()}

    def _paths(self) -> tuple[Path, Path]:
        return self.database, self.database.with_name(f"{self.database.name}-wal")

    def synced(self, path: Path) -> None:
        self.syncs += 1
        self._contents[path] = path.read_bytes()

    def lay_out(self, folder: Path) -> Path:
        """Write the image into a folder; the path of the database in it."""
        folder.mkdir()
        for path in self._paths():
            if content := self._contents.get(path):
                (folder / path.name).write_bytes(content)
        return folder / self.database.name

    def rows(self, folder: Path, query: str) -> list[tuple[Any, ...]]:
        """What the studio would find after the power cut."""
        with closing(sqlite3.connect(self.lay_out(folder))) as connection:
            return connection.execute(query).fetchall()


@contextmanager
def synced_disk(database: Path) -> Iterator[SyncedDisk]:
    """Connections that are opened within it are watched."""
    library = ctypes.CDLL(_sqlite3.__file__)  # the very library that Python's sqlite3 uses
    library.sqlite3_vfs_find.restype = POINTER(Vfs)
    usual = library.sqlite3_vfs_find(None)
    disk = SyncedDisk(database)
    names: dict[int, Path] = {}
    methods_of: dict[int, IoMethods] = {}
    usual_open = XOpen(usual.contents.open)

    def sync(file: Any, flags: int) -> int:
        address = ctypes.addressof(file.contents)
        code = usual_syncs[address](file, flags)
        if code == OK and (path := names.get(address)) is not None:
            disk.synced(path)
        return int(code)

    watched_sync = XSync(sync)
    usual_syncs: dict[int, Any] = {}

    def open_file(_vfs: int, name: int, file: Any, flags: int, out: int) -> int:
        code = usual_open(ctypes.addressof(usual.contents), name, file, flags, out)
        if code == OK and name and file.contents.methods:
            address = ctypes.addressof(file.contents)
            usual_methods = file.contents.methods.contents
            mine = IoMethods.from_buffer_copy(usual_methods)
            usual_syncs[address] = XSync(usual_methods.functions[SYNC])
            mine.functions[SYNC] = ctypes.cast(watched_sync, c_void_p).value
            names[address] = Path(ctypes.string_at(name).decode())
            methods_of[address] = mine
            file.contents.methods = ctypes.pointer(mine)
        return int(code)

    watched_open = XOpen(open_file)
    mine = Vfs.from_buffer_copy(usual.contents)
    mine.name, mine.next = b"synced", None
    mine.open = ctypes.cast(watched_open, c_void_p).value
    _kept.extend([mine, watched_open, watched_sync, methods_of, usual_syncs, usual_open])
    library.sqlite3_vfs_register(ctypes.byref(mine), 1)
    try:
        yield disk
    finally:
        library.sqlite3_vfs_register(usual, 1)
        library.sqlite3_vfs_unregister(ctypes.byref(mine))
