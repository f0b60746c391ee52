"""What it costs to have each new take checked by a model as soon as it arrives.

The price is part of what is confirmed before the takes are made. A take that never comes, or about
which the rules have doubts, is not checked and costs nothing: the price shown is the most.
"""

from decimal import Decimal
from typing import Literal, NamedTuple, cast

from django.utils.translation import gettext_noop

from core.localized_messages import DomainError, LocalizedMessage
from providers import vision
from providers.models import AIProviderConfig
from providers.preflight import require_possible
from providers.prices import configs_of, not_configured, quote
from providers.requests import ShownPicture, TextRequest
from stories.errors import Invalid
from stories.models import Story

NOTHING = Decimal(0)
NO_VISION = gettext_noop(
    "%(provider)s has no model that looks at pictures: the capability “vision” of a text model."
)
# The check of a take that does not exist yet: a price does not depend on what is shown.
NOT_YET = ShownPicture("picture", "none")


class CheckOffer(NamedTuple):
    """The check of one new take: `price` in USD, or `why` there is none and takes wait."""

    provider: str
    request: TextRequest
    price: Decimal
    why: LocalizedMessage


def require_checker(config: AIProviderConfig, *, field: str) -> None:
    """Raise Invalid unless the connection has a model that looks at pictures."""
    if vision.model_that_sees(config) is None:
        raise Invalid(NO_VISION, provider=config.name, field=field)


def checks_by_itself(story: Story) -> bool:
    """Whether each new take of the story is checked by a model as soon as it arrives."""
    return bool(story.check_new_takes and story.vision_provider)


def check_offer(story: Story, config: AIProviderConfig | None) -> CheckOffer | None:
    """The check of one new take by this connection. None if new takes are not checked."""
    return _offer(story, config) if checks_by_itself(story) else None


def _offer(story: Story, config: AIProviderConfig | None) -> CheckOffer:
    model = vision.model_that_sees(config) if config else None
    request = TextRequest(
        task="check_picture",
        script="",
        language=cast("Literal['ko', 'en']", story.language),
        model=model.name if model else "",
        pictures=[NOT_YET],
    )
    try:
        if config is None:
            raise not_configured(story.vision_provider)
        require_checker(config, field="vision_provider")
        require_possible(config, request)
        price = quote(config, request).total
    except DomainError as error:
        return CheckOffer(story.vision_provider, request, NOTHING, error.sentence)
    return CheckOffer(story.vision_provider, request, price, LocalizedMessage(""))


def current_offer(story: Story) -> CheckOffer | None:
    """As `check_offer`, by the story's connection as it is now. Two queries, or none."""
    if not checks_by_itself(story):
        return None
    return check_offer(story, configs_of([story.vision_provider]).get(story.vision_provider))


def price_by_hand(story: Story) -> Decimal | None:
    """USD for checking one take that a person chooses; None if it cannot be checked."""
    if not story.vision_provider:
        return None
    offer = _offer(story, configs_of([story.vision_provider]).get(story.vision_provider))
    return None if offer.why else offer.price


def price_of_check(story: Story) -> Decimal:
    """USD for the check of one new take; 0 if there is none."""
    offer = current_offer(story)
    return offer.price if offer else NOTHING
