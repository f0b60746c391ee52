"""Messages of OpenAI's speech API, as far as they are used: a success is the sound itself."""

import msgspec


class Problem(msgspec.Struct):
    message: str = ""
    type: str = ""
    code: str = ""


class Problems(msgspec.Struct):
    """An error. Servers of one's own may say it in a text, or as other frameworks do."""

    error: Problem | str | None = None
    message: str = ""
    detail: str = ""
