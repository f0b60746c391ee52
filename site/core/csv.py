"""CSV files for spreadsheets."""

import unicodedata

from django.http import HttpResponse

BYTE_ORDER = "\ufeff"  # spreadsheets detect UTF-8 by it


SIGNS = frozenset("=+-@\t\r\n")


def safe(text: object) -> str:
    """Escape text so that a spreadsheet does not interpret it as a formula."""
    cell = str(text)
    # Asian editions also accept full-width and small forms.
    begin = unicodedata.normalize("NFKC", cell[:1])
    return f"'{cell}" if begin in SIGNS else cell


def attachment(name: str) -> HttpResponse:
    """Return an empty CSV response with this file name, ready to be written to."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(BYTE_ORDER, content_type="text/csv; charset=utf-8", headers=headers)
