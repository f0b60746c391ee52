"""What can go wrong with pictures and film, said so that a person understands."""

from ground.sentence import SaidError, Value


class MediaError(SaidError):
    """A picture or film could not be read or made.

    `code` is one of disk_full, broken_input, killed, timed_out, stopped, failed. `detail` is for the log: the end of what
    ffmpeg said.
    """

    code = "failed"

    def __init__(self, template: str, /, *, code: str, detail: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.code = code
        self.detail = detail
