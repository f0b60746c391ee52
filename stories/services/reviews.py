"""Reviews of takes of every kind: approved, rejected with a reason, or reset."""

from django.contrib.auth.models import User
from django.utils import timezone
from django.utils.translation import gettext_noop

from core import visible
from stories.enums import ReviewStatus
from stories.errors import Invalid
from stories.models import StoredTake


def checked_reason(review_status: str, reason: str) -> str:
    """The reason without white space around it.

    Raises Invalid for an unknown review status, or for a rejection without a reason.
    """
    reason = visible.stripped(reason)
    if review_status not in ReviewStatus.values:
        raise Invalid(
            gettext_noop("“%(review_status)s” is not a review status."),
            review_status=review_status,
            field="review_status",
        )
    if review_status == ReviewStatus.REJECTED and not reason:
        raise Invalid(
            gettext_noop("Say why it is rejected, so that the next take can be better."),
            field="reason",
        )
    return reason


def write_review(take: StoredTake, *, review_status: str, reason: str, actor: User) -> None:
    """Write a checked review. A reset review belongs to nobody."""
    reset = review_status == ReviewStatus.UNREVIEWED
    take.review_status, take.review_reason = review_status, reason
    take.reviewed_by, take.reviewed_at = (None, None) if reset else (actor, timezone.now())
    take.save(update_fields=["review_status", "review_reason", "reviewed_by", "reviewed_at"])


def require_not_rejected(take: StoredTake, *, field: str = "take") -> None:
    """Raises Invalid if the take is rejected: the film never uses such a take."""
    if take.is_rejected:
        raise Invalid(
            gettext_noop("This take is rejected. Clear the rejection first."), field=field
        )
