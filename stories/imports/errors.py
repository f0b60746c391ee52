"""The error for a document that cannot be read."""


class Unreadable(Exception):
    """`reason` is one of the keys of `stories.imports.reading.WORDS`.

    `values` fill in its message.
    """

    def __init__(self, reason: str, **values: str | int) -> None:
        self.reason = reason
        self.values = values
        super().__init__(reason)
