"""Real faults that a test switches on and off: a folder that is gone, a database that takes no
statement.
"""

from pathlib import Path
from typing import Any

from django.db import OperationalError


class Outage:
    """Something that is away while `on`."""

    def __init__(self) -> None:
        self._on = False

    @property
    def on(self) -> bool:
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self.begin() if on else self.end()

    def begin(self) -> None:
        """Nothing but the switch."""

    def end(self) -> None:
        """The same."""


class FolderAway(Outage):
    """A folder that cannot be reached, as when its disk is not mounted: a file is in its place."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder, self.elsewhere = folder, folder.with_name(f"{folder.name}-unmounted")

    def begin(self) -> None:
        if self.folder.exists():
            self.folder.rename(self.elsewhere)
        self.folder.write_text("in the way")

    def end(self) -> None:
        self.folder.unlink()
        if self.elsewhere.exists():
            self.elsewhere.rename(self.folder)


class DatabaseAway(Outage):
    """No statement reaches the database."""

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:  # noqa: FBT001  Django's signature
        if self.on:
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)
