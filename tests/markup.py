"""Markup as a browser takes it: without the white space that has no meaning."""

import re
from typing import Any

BLOCK = (
    r"(?:p|div|li|dd|dt|td|th|h[1-4]|label|button|section|header|footer|summary|figure|figcaption"
    r"|legend|fieldset|form|tr|ul|ol|table|thead|tbody|nav|details|select|option)"
)


def flat(response: Any) -> str:
    """The page or the part of a page that the response holds, however its template is wrapped."""
    text = re.sub(r"\s+", " ", response.content.decode())
    text = re.sub(r" (/?>)", r"\1", text)
    text = re.sub(rf"(<{BLOCK}\b[^<>]*>) ", r"\1", text)
    return re.sub(rf" (</{BLOCK}>)", r"\1", text)
