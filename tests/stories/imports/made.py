"""Documents as other programs write them, made small."""

import io
import zipfile

ODT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" '
    'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0">'
    "<office:automatic-styles>"
    '<style:style style:name="T1" style:family="text"><style:text-properties '
    'text:display="none"/></style:style>'
    '<style:style style:name="T2" style:family="text"><style:text-properties '
    'style:text-line-through-style="solid"/></style:style>'
    "</office:automatic-styles>"
    "<office:body><office:text>{body}</office:text></office:body></office:document-content>"
)
HWPX = (
    '<hs:sec xmlns:hs="http://www.hancom.co.kr/hwpml/2011/section" '
    'xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph">{body}</hs:sec>'
)
HWPX_HEADER = (
    '<hh:head xmlns:hh="http://www.hancom.co.kr/hwpml/2011/head"><hh:refList><hh:styles>'
    '<hh:style id="0" name="바탕글"/><hh:style id="1" name="개요 '
    '1"/></hh:styles></hh:refList></hh:head>'
)
WORD = (
    "<w:document "
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    "<w:body>{body}</w:body></w:document>"
)
STYLES = (
    '<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
    '<w:style w:styleId="a"><w:name w:val="heading 1"/></w:style>'
    '<w:style w:styleId="c"><w:name w:val="Character"/></w:style><w:style '
    'w:styleId="d"><w:name w:val="Dialogue"/></w:style>'
    '<w:style w:styleId="s"><w:name w:val="Scene Heading"/></w:style><w:style '
    'w:styleId="n"><w:name w:val="Action"/></w:style>'
    '<w:style w:styleId="p"><w:name w:val="Parenthetical"/></w:style><w:style '
    'w:styleId="t"><w:name w:val="Title"/></w:style></w:styles>'
)


def zipped(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def odt(body):
    return zipped(
        **{
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": ODT.replace("{body}", body),
        }
    )


def hwpx(*sections, header=""):
    parts = {
        f"Contents/section{number}.xml": HWPX.replace("{body}", body)
        for number, body in enumerate(sections)
    }
    return zipped(
        **{
            "mimetype": "application/hwp+zip",
            "Contents/header.xml": HWPX_HEADER.replace("<hh:styles>", f"{header}<hh:styles>"),
            **parts,
        }
    )


def docx(body):
    return zipped(**{"word/document.xml": WORD.replace("{body}", body), "word/styles.xml": STYLES})


def paragraphs(*rows):
    """Paragraphs of a Word document, each a text or a pair of style and text."""
    pairs = [row if isinstance(row, tuple) else ("", row) for row in rows]
    return "".join(
        f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>'
        for style, text in pairs
    )


def fdx(*rows, title=""):
    body = "".join(
        f'<Paragraph Type="{kind}"><Text>{text}</Text></Paragraph>' for kind, text in rows
    )
    page = (
        (
            f"<TitlePage><Content><Paragraph "
            f'Alignment="Center"><Text>{title}</Text></Paragraph></Content></TitlePage>'
        )
        if title
        else ""
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><FinalDraft '
        f'DocumentType="Script"><Content>{body}</Content>{page}</FinalDraft>'
    ).encode()


def ruled(xs, ys):
    """The rules of a table as Word draws them: thin rectangles along its columns and rows."""
    return [(xs[0], y, xs[-1] - xs[0], 0.5) for y in ys] + [
        (x, min(ys), 0.5, max(ys) - min(ys)) for x in xs
    ]


def pdf(*pages, text_layer=True, rules=()):
    """A PDF whose letters are named by a map to Unicode, as word processors write them.

    A line is its text, or (x, y, text) of where it stands on the page. `rules` are rectangles that
    are drawn on each page.
    """
    pages = [
        [
            line if isinstance(line, tuple) else (50, 800 - 20 * row, line)
            for row, line in enumerate(page)
        ]
        for page in pages
    ]
    letters = sorted({char for page in pages for _x, _y, line in page for char in line})
    codes = {char: number + 1 for number, char in enumerate(letters)}
    table = "\n".join(
        f"<{code:04X}> <{char.encode('utf-16-be').hex().upper()}>" for char, code in codes.items()
    )
    unicode_map = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapType 2 def 1 "
        "begincodespacerange <0000> <FFFF> endcodespacerange "
        f"{len(codes)} beginbfchar\n{table}\nendbfchar endcmap CMapName currentdict /CMap "
        f"defineresource pop end end"
    )
    kids = [f"{6 + 2 * number} 0 R" for number in range(len(pages))]
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(pages)} >>",
        (
            "<< /Type /Font /Subtype /Type0 /BaseFont /A /Encoding /Identity-H "
            "/DescendantFonts [4 0 R] /ToUnicode 5 0 R >>"
        ),
        (
            "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /A /CIDSystemInfo << /Registry "
            "(Adobe) /Ordering (Identity) /Supplement 0 >> /DW 1000 >>"
        ),
        f"<< /Length {len(unicode_map)} >>\nstream\n{unicode_map}\nendstream",
    ]
    for number, page in enumerate(pages):
        shown = "".join(
            (f"1 0 0 1 {x} {y} Tm <{''.join(f'{codes[char]:04X}' for char in line)}> Tj\n")
            for x, y, line in page
        )
        stream = f"BT /F 12 Tf\n{shown}ET" if text_layer else "0 0 100 100 re f"
        stream = "".join(f"{x} {y} {w} {h} re f\n" for x, y, w, h in rules) + stream
        objects += [
            (
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << "
                f"/F 3 0 R >> >> /Contents {7 + 2 * number} 0 R >>"
            ),
            f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream",
        ]
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode() + b"".join(
        f"{place:010} 00000 n \n".encode() for place in places
    )
    return (
        out
        + f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()
    )
