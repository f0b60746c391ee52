"""A mail server on this machine that keeps what it is sent, and can refuse or break off."""

from email import message_from_bytes
from email.policy import default
from typing import TYPE_CHECKING, Any, Self

from aiosmtpd.controller import Controller

if TYPE_CHECKING:
    from email.message import Message

BYE = "break off"  # as the answer: the message is kept, and the connection ends without a reply


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        sockets: Any = self.server.sockets  # type: ignore[union-attr]  # it runs
        self.port = int(sockets[0].getsockname()[1])
        super()._trigger_server()


class MailServer:
    """`received`: the messages, in order. `answers`: replies to the next messages, such as "451
    later"; without one a message is taken.
    """

    def __init__(self) -> None:
        self.received: list[Message] = []
        self.answers: list[str] = []
        self._controller = _OnAnyPort(self, hostname="127.0.0.1", port=0)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  the library's form
        answer = self.answers.pop(0) if self.answers else "250 taken"
        if answer.startswith("250") or answer == BYE:
            self.received.append(message_from_bytes(envelope.content, policy=default))
        if answer == BYE:
            server.transport.abort()
        return answer

    @property
    def mailers(self) -> dict[str, Any]:
        """Django's setting MAILERS for this server."""
        options = {"host": "127.0.0.1", "port": self._controller.port, "timeout": 5}
        backend = "django.core.mail.backends.smtp.EmailBackend"
        return {"default": {"BACKEND": backend, "OPTIONS": options}}

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()
