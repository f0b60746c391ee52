"""Reader for Markdown. Ignores comments, code, tables, notes and struck-out text."""

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.front_matter import front_matter_plugin

from .paragraphs import Document, Paragraph, spoken_column

CLOSED = {"footnote_block_open": "footnote_block_close"}


def read(text: str) -> Document:
    """The paragraphs. Indentation by four spaces is not code here, because writers indent."""
    parser = (
        MarkdownIt("commonmark", {"maxNesting": 20})
        .enable(["table", "strikethrough"])
        .disable("code")
    )
    tokens = parser.use(front_matter_plugin).use(footnote_plugin).parse(text)
    document = Document()
    level: int | None = None
    number = 0
    while number < len(tokens):
        token = tokens[number]
        if token.type == "front_matter":
            document.title = _title(token.content)
        elif token.type in CLOSED:
            number = _after(tokens, number, CLOSED[token.type])
            continue
        elif token.type == "table_open":
            end = _after(tokens, number, "table_close")
            _add_table(tokens[number:end], document)
            number = end
            continue
        elif token.type == "heading_open":
            level = int(token.tag[1])
        elif token.type == "heading_close":
            level = None
        elif token.type == "inline":
            document.paragraphs += [Paragraph(_words(token, document), level), Paragraph("")]
        elif token.type in {"fence", "code_block"}:
            document.left_out.add("code")
        elif token.type == "html_block":
            document.left_out.add("comment")
        number += 1
    return document


def _after(tokens: Sequence[Token], number: int, kind: str) -> int:
    while number < len(tokens) and tokens[number].type != kind:
        number += 1
    return number + 1


def _title(front_matter: str) -> str:
    for line in front_matter.split("\n"):
        key, _, value = line.partition(":")
        if key.strip().lower() in {"title", "제목"}:
            return value.strip().strip("\"'")
    return ""


def _add_table(tokens: Sequence[Token], document: Document) -> None:
    """Add only a column whose header marks it as narration.

    Other table content is not read aloud.
    """
    document.left_out.add("table")
    rows: list[list[str]] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(_words(token, document))
    column = spoken_column(rows[0]) if rows else None
    if column is not None:
        document.paragraphs += [Paragraph(row[column]) for row in rows[1:] if column < len(row)]


def _words(token: Token, document: Document) -> str:
    pieces: list[str] = []
    struck = 0
    for part in token.children or ():
        if part.type == "s_open":
            struck += 1
            document.left_out.add("struck")
        elif part.type == "s_close":
            struck -= 1
        elif struck:
            continue
        elif part.type in {"text", "code_inline", "text_special"}:
            pieces.append(part.content)
        elif part.type in {"softbreak", "hardbreak"}:
            pieces.append("\n")
    return "\n".join(" ".join(line.split()) for line in "".join(pieces).split("\n")).strip()
