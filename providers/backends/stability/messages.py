"""Messages of Stability AI's API, as far as they are used. Only the image itself is required."""

import msgspec

from providers.client import brief


class Picture(msgspec.Struct):
    """Success response of v2beta with `accept: application/json`; `image` is base64."""

    image: str
    finish_reason: str = ""
    seed: int | None = None


class Artifact(msgspec.Struct, rename="camel"):
    base64: str
    finish_reason: str = ""
    seed: int | None = None


class Artifacts(msgspec.Struct):
    """Success response of v1."""

    artifacts: list[Artifact]


class Finish(msgspec.Struct):
    """The finish reason of a response without an image."""

    finish_reason: str = ""


class Balance(msgspec.Struct):
    credits: float


class Problem(msgspec.Struct):
    """An error response: `errors` in v2beta, `message` in v1."""

    name: str = ""
    errors: list[str] = []
    message: str = ""

    @property
    def words(self) -> str:
        return brief(" ".join(self.errors) or self.message or self.name)
