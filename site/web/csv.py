"""Tables for spreadsheets."""

from django.http import HttpResponse

BYTE_ORDER = "\ufeff"  # spreadsheets know UTF-8 by it


# Asian editions take the full-width forms for the same signs.
SIGNS = frozenset("=+-@\t\r\n＝＋－＠")


def safe(text: object) -> str:
    """Text that a spreadsheet takes as text: a leading sign would make it a formula."""
    said = str(text)
    return f"'{said}" if said[:1] in SIGNS else said


def attachment(name: str) -> HttpResponse:
    """An empty CSV file under this name, to be written to."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(BYTE_ORDER, content_type="text/csv; charset=utf-8", headers=headers)
