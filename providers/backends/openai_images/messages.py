"""Messages of OpenAI's image API, as far as they are used."""

import msgspec


class Made(msgspec.Struct):
    b64_json: str = ""
    url: str = ""


class Images(msgspec.Struct):
    data: list[Made]
