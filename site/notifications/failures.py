"""What can become of a message that was to be sent."""

from core.localized_messages import DomainError


class NotNowError(DomainError):
    """Nothing was sent, and it may work later."""

    code = "retry"


class RefusedError(DomainError):
    """Nothing was sent, and it will not work later."""

    code = "failed"


class MaybeSentError(DomainError):
    """It is unknown whether it was sent."""

    code = "unclear"


class NotOursError(DomainError):
    """Another process has taken the message; nothing was sent here."""

    code = "not_sent"
