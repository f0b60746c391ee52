"""Errors of media processing, with messages for people."""

from typing import ClassVar

from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, Value


class MediaError(DomainError):
    """An image or film could not be read or made.

    `code` is one of `codes`. `detail` is for the log: the end of ffmpeg's output.
    """

    code = "failed"
    codes: ClassVar[tuple[str, ...]] = (
        "broken_input",
        "disk_full",
        "failed",
        "killed",
        "stopped",
        "timed_out",
    )

    def __init__(self, template: str, /, *, code: str, detail: str = "", **values: Value) -> None:
        super().__init__(template, **values)
        self.code = code
        self.detail = detail


def disk_full(detail: str) -> MediaError:
    return MediaError(
        gettext_noop("The disk is full: the film could not be written."),
        code="disk_full",
        detail=detail,
    )


def stopped() -> MediaError:
    """The caller requested a stop."""
    return MediaError(gettext_noop("The work on this film was stopped."), code="stopped")
