"""What Stability AI's API sends, as far as it is used. Only the picture itself must be there."""

import msgspec

from providers.http import brief


class Picture(msgspec.Struct):
    """200 of v2beta with `accept: application/json`; `image` is base64."""

    image: str
    finish_reason: str = ""
    seed: int | None = None


class Artifact(msgspec.Struct, rename="camel"):
    base64: str
    finish_reason: str = ""
    seed: int | None = None


class Artifacts(msgspec.Struct):
    """200 of v1."""

    artifacts: list[Artifact]


class Finish(msgspec.Struct):
    """What is left of an answer without a picture."""

    finish_reason: str = ""


class Balance(msgspec.Struct):
    credits: float


class Engine(msgspec.Struct):
    id: str


class Engines(msgspec.Struct):
    engines: list[Engine] = []


class Problem(msgspec.Struct):
    """Every error: `errors` in v2beta, `message` in v1."""

    name: str = ""
    errors: list[str] = []
    message: str = ""

    @property
    def words(self) -> str:
        return brief(" ".join(self.errors) or self.message or self.name)
