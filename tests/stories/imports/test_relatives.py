"""What other programs put into a document, and what must be read of it."""

import time

import pytest

from stories.imports.parsing import parse
from stories.imports.reading import script_of
from stories.imports.script import BlockKind, Format
from stories.imports.text import understand

from .made import docx, hwpx, odt, pdf, ruled

FIRST, SECOND = "첫째 날, 민수는 항구로 갔다.", "바람이 불었다."


def read(name, data):
    return script_of(parse(name, data))


def run(text, properties=""):
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs, properties=""):
    return f"<w:p><w:pPr>{properties}</w:pPr>{''.join(runs)}</w:p>"


def cell(text, properties=""):
    return f"<w:tc><w:tcPr>{properties}</w:tcPr>{paragraph(run(text))}</w:tc>"


def table(*rows):
    return f"<w:tbl>{''.join(f'<w:tr>{"".join(row)}</w:tr>' for row in rows)}</w:tbl>"


HEADER = (cell("번호"), cell("화면"), cell("내레이션"))
WORD = {
    "a table in a cell": (
        "<w:tbl><w:tr><w:tc>"
        + paragraph(run("겉이다."))
        + table([cell("속이다."), cell("옆이다.")])
        + paragraph(run("끝이다."))
        + "</w:tc></w:tr></w:tbl>",
        ["겉이다.", "속이다.", "옆이다.", "끝이다."],
    ),
    "content controls around paragraph, words, row and cell": (
        f"<w:sdt><w:sdtPr/><w:sdtContent>{paragraph(run('절이다.'))}</w:sdtContent></w:sdt>"
        + paragraph(
            run("앞 "), f"<w:sdt><w:sdtContent>{run('안')}</w:sdtContent></w:sdt>", run(" 뒤.")
        )
        + "<w:tbl><w:sdt><w:sdtContent><w:tr><w:sdt><w:sdtContent>"
        + f"{cell('칸이다.')}</w:sdtContent></w:sdt></w:tr></w:sdtContent></w:sdt></w:tbl>",
        ["절이다.", "앞 안 뒤.", "칸이다."],
    ),
    "marks of notes and comments, fields, a link, a tracked insertion": (
        paragraph(
            run("본문"),
            '<w:r><w:footnoteReference w:id="1"/></w:r><w:commentRangeStart w:id="0"/>',
            run("이다. "),
            '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>',
            '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
            "<w:r><w:instrText>DATE</w:instrText></w:r>",
            f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("오늘")}',
            f'<w:r><w:fldChar w:fldCharType="end"/></w:r><w:hyperlink>{run(" 링크")}</w:hyperlink>',
            f"<w:ins>{run(' 넣음')}</w:ins>",
            run("."),
        ),
        ["본문이다. 오늘 링크 넣음."],
    ),
    "a tracked deletion of the end of a paragraph": (
        paragraph(run("앞 문장이 "), properties='<w:rPr><w:del w:id="1"/></w:rPr>')
        + paragraph(run("이어진다.")),
        ["앞 문장이 이어진다."],
    ),
    "a tracked deletion of the end of the last paragraph before a table": (
        paragraph(run("앞이다."), properties='<w:rPr><w:del w:id="1"/></w:rPr>')
        + table([cell("칸이다.")]),
        ["앞이다.", "칸이다."],
    ),
    "a tracked deletion of a cell": (
        table([cell("지운 칸.", '<w:cellDel w:id="1"/>'), cell("남은 칸.")]),
        ["남은 칸."],
    ),
    "cells of several columns beside the narration": (
        table(HEADER, [cell("합친 칸", '<w:gridSpan w:val="2"/>'), cell("바다다.")]),
        ["바다다."],
    ),
    "a number of columns that makes no sense": (
        table(HEADER, [cell("합친 칸", '<w:gridSpan w:val="99999999999"/>')])
        + paragraph(run("끝이다.")),
        ["끝이다."],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WORD)
def test_words_of_a_word_document(name):
    body, lines = WORD[name]
    assert read("a.docx", docx(body)).spoken.split("\n") == lines


def test_words_that_word_shows_in_capitals_are_a_heading():
    body = paragraph(run("int. house - night", "<w:caps/>")) + paragraph(
        run("Rain falls.", '<w:caps w:val="0"/>')
    )
    assert [(block.kind, block.text) for block in read("a.docx", docx(body)).blocks] == [
        (BlockKind.HEADING, "INT. HOUSE - NIGHT"),
        (BlockKind.ACTION, "Rain falls."),
    ]


def hancom_row(*cells):
    return "".join(
        f"<hp:tc><hp:subList><hp:p><hp:run><hp:t>{text}</hp:t></hp:run></hp:p></hp:subList>"
        f'<hp:cellAddr colAddr="{column}" rowAddr="0"/></hp:tc>'
        for column, text in cells
    )


def test_cells_of_several_columns_in_hancom_and_opendocument():
    rows = [
        [(0, "번호"), (1, "화면"), (2, "내레이션")],
        [(0, "합친 칸"), (2, "바다다.")],
        [(2, "섬이다.")],
    ]
    hancom = "".join(f"<hp:tr>{hancom_row(*row)}</hp:tr>" for row in rows)
    body = f"<hp:p><hp:run><hp:tbl>{hancom}</hp:tbl></hp:run></hp:p>"
    assert read("a.hwpx", hwpx(body)).spoken == "바다다.\n섬이다."
    full = [["번호", "화면", "내레이션"], ["합친 칸", "", "바다다."], ["", "", "섬이다."]]
    open_document = "".join(
        "<table:table-row>"
        + "".join(
            f"<table:table-cell><text:p>{text}</text:p></table:table-cell>"
            if text
            else "<table:covered-table-cell/>"
            for text in row
        )
        + "</table:table-row>"
        for row in full
    )
    assert read("a.odt", odt(f"<table:table>{open_document}</table:table>")).spoken == (
        "바다다.\n섬이다."
    )


def test_tracked_changes_of_opendocument():
    body = (
        '<text:tracked-changes><text:changed-region text:id="c1"><text:deletion><text:p>지움'
        "</text:p></text:deletion></text:changed-region></text:tracked-changes>"
        '<text:p>앞 <text:change text:change-id="c1"/><text:change-start text:change-id="c2"/>넣음'
        '<text:change-end text:change-id="c2"/> 뒤.</text:p>'
    )
    assert read("a.odt", odt(body)).spoken == "앞 넣음 뒤."


def captions(text):
    return [
        (block.text, block.start_ms, block.end_ms)
        for block in understand(text, Format.SUBTITLES).blocks
    ]


def test_captions_that_overlap_run_backwards_or_have_a_blank_line_keep_their_words():
    assert captions(
        "1\n00:00:03,000 --> 00:00:06,000\nLate.\n\n2\n00:00:01,000 --> 00:00:04,000\nEarly.\n\n"
        "3\n00:00:07,000 --> 00:00:05,000\n\nBehind a blank line.\n\nAnd another.\n\n"
        "4\n00:00:08,000 --> 00:00:09,000\n\n5\n00:00:10,000 --> 00:00:11,000\n2026\n\n"
        "6\n00:00:12,000 --> 00:00:13,000\n"
    ) == [
        ("Early.", 1000, 4000),
        ("Late.", 3000, 6000),
        ("Behind a blank line.\nAnd another.", 7000, 7000),
        ("2026", 10000, 11000),
    ]


def test_names_of_characters_and_ruby_in_webvtt():
    assert captions(
        "WEBVTT\n\nSTYLE\n::cue { color: red }\n\nintro\n"
        "00:01.000 --> 00:02.000 line:0 vertical:rl\n"
        "<v.loud Esme>Salt &amp; <c.yellow>sea</c> &lt;here&gt;</v>\n\nNOTE not spoken\n\n"
        "00:03.000 --> 00:04.000\n<00:03.500><ruby>漢<rt>한</rt></ruby>자 <lang ko>안녕</lang>\n"
    ) == [("Salt & sea <here>", 1000, 2000), ("漢자 안녕", 3000, 4000)]
    assert captions("1\n00:00:01,000 --> 00:00:02,000\nSalt &amp; sea\n") == [
        ("Salt &amp; sea", 1000, 2000)
    ], "SRT has no such names"


@pytest.mark.parametrize(
    ("data", "encoding", "text"),
    [
        (f"{FIRST}\n{FIRST}\n{SECOND}".encode()[:-2], "utf-8", f"{FIRST}\n{FIRST}\n바람이 불었"),
        (f"{FIRST}\n{FIRST}\n".encode() + SECOND.encode("cp949"), "utf-8",
         f"{FIRST}\n{FIRST}\n{SECOND}"),
        (f"{FIRST}\n{FIRST}\n".encode() + b"He said \x93no\x94.", "utf-8",
         f"{FIRST}\n{FIRST}\nHe said “no”."),
        (f"{FIRST}\n{SECOND}".encode("cp949")[:-2], "cp949", f"{FIRST}\n바람이 불었"),
        ("Корабль уходит в море.".encode("cp1251"), "cp1251", "Корабль уходит в море."),
        ("Корабль уходит в море.".encode("koi8-r"), "koi8_r", "Корабль уходит в море."),
        ("Το πλοίο φεύγει για τη θάλασσα.".encode("cp1253"), "cp1253",
         "Το πλοίο φεύγει για τη θάλασσα."),
        ("Où est-il allé? À la mer.".encode("cp1252"), "cp1252", "Où est-il allé? À la mer."),
    ],
    ids=["broken off", "a line of CP949", "a line of Windows-1252", "CP949 broken off",
         "Cyrillic", "KOI8", "Greek", "French"],
)  # fmt: skip
def test_encodings(data, encoding, text):
    found = read("a.txt", data)
    assert (found.text, found.encoding) == (text, encoding)


LANGUAGES = {
    "cp1254": ["Gemi denize açılıyor. Işık söndü, çocuk güldü.",
               "Şimdi gitme! İstanbul'da yağmur yağıyor.",
               "Deniz feneri karanlıkta parlıyor ve küçük kız sessizce bekliyor."],
    "cp1250": ["Statek wypływa w morze. Światło zgasło, chłopiec się śmieje.",
               "Loď odplouvá na moře. Světlo zhaslo, děti čekají.",
               "A hajó kifut a tengerre. Őrült szél fúj, a fiú vár."],
    "iso8859_2": ["Statek wypływa w morze. Światło zgasło, chłopiec się śmieje."],
    "cp1252": ["Das Schiff läuft aus. Über dem Meer größer.",
               "El niño espera. ¿Dónde está el faro? ¡Mañana!",
               "Skibet sejler ud på havet. Blåbær og rødgrød.",
               "Ég hljóp út. Þetta er gott.",
               "São Paulo não é aqui. Coração.",
               "L'été à la mer, où êtes-vous?",
               "“Naïve café” — it’s 5 €."],
    "cp1257": ["Laivas išplaukia į jūrą. Šviesa užgeso, vaikas laukia.",
               "Kuģis dodas jūrā. Bērns gaida pie bākas."],
    "cp1255": ["הספינה יוצאת לים. הילד מחכה."],
    "cp1256": ["السفينة تبحر. الولد ينتظر عند المنارة."],
    "cp874": ["เรือออกทะเล เด็กชายรออยู่ที่ประภาคาร"],
    "koi8_u": ["Корабель виходить у море. Хлопчик чекає, їжак спить."],
    "cp866": ["Корабль уходит в море. Мальчик ждёт."],
    "cp850": ["El niño espera. Das Schiff läuft."],
    "mac_roman": ["Das Schiff läuft aus. Über dem Meer größer."],
    "cp949": ["K팝 가수가 DVD를 본다.", "漢江의 아침", "똠방각하가 펲시를 마신다."],
    "gb18030": ["他买了A股。第一场 内景"],
    "big5hkscs": ["船要開了，男孩揮手。燈塔的燈熄滅了。"],
    "cp932": ["DVDを見る。テレビ"],
}  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "text"), [(name, text) for name, texts in LANGUAGES.items() for text in texts]
)
def test_a_sentence_or_two_are_enough_to_know_the_encoding(encoding, text):
    found = read("a.txt", text.encode(encoding))
    assert (found.text, found.encoding) == (text, encoding)
    many = read("a.txt", "\n".join([text] * 30).encode(encoding))
    assert (many.text.split("\n")[0], many.encoding) == (text, encoding)


def test_a_damaged_byte_costs_itself_and_not_the_text():
    data = f"{FIRST}\n".encode("cp949") * 3 + b"\xff\n" + FIRST.encode("cp949")
    found = read("a.txt", data)
    assert (found.text, found.encoding) == (f"{FIRST}\n" * 3 + f"\ufffd\n{FIRST}", "cp949")


def test_apostrophes_of_an_old_mac():
    assert read("a.txt", "I don’t know. It’s late.".encode("mac_roman")).text == (
        "I don’t know. It’s late."
    )


@pytest.mark.parametrize(
    "data",
    [rb"{\rtf1\ansi Hello.\par}", b"<!DOCTYPE html><p>Hello.", b"\xef\xbb\xbf\n<html lang='ko'>"],
)
def test_markup_with_the_name_of_a_text_is_another_kind_of_file(data):
    assert parse("a.txt", data)["error"]["reason"] == "kind"


def test_columns_of_a_pdf_are_read_one_after_the_other():
    left = ["The keeper counts the lamps in the", "tower and one of them is missing."]
    right = ["Nobody answers her from the sea at", "all. The wind is cold."]
    page = [
        (x, 800 - 20 * row, line)
        for x, column in ((50, left), (320, right))
        for row, line in enumerate(column)
    ]
    assert read("a.pdf", pdf(page)).spoken.split("\n") == [" ".join(left), " ".join(right)]


XS, YS = (50, 120, 300, 545), (760, 730, 680, 640)


def cells(*rows):
    """The lines of a table as a PDF has them: each at its place, a cell of two lines as two."""
    return [
        (XS[column] + 5, YS[row] - 18 - 16 * line, text)
        for row, texts in enumerate(rows)
        for column, cell in enumerate(texts)
        for line, text in enumerate(cell.split("\n"))
    ]


SHEET = (
    ("번호", "화면", "내레이션"),
    ("1", "바다 전경", "바다가 보인다. 배가\n떠난다."),
    ("2", "등대\n원경", "등대가 빛난다."),
)
RULES = ruled(XS, YS)


def test_table_of_a_pdf_with_a_column_of_narration_gives_that_column():
    page = [(50, 800, "항구 광고"), *cells(*SHEET), (50, 600, "끝.")]
    found = read("a.pdf", pdf(page, rules=RULES))
    assert found.spoken.split("\n") == [
        "항구 광고",
        "바다가 보인다. 배가 떠난다.",
        "등대가 빛난다.",
        "끝.",
    ]
    assert found.left_out == ("table",)


def test_other_tables_of_a_pdf_are_read_row_by_row_and_cell_by_cell():
    rows = (
        ("A", "Sea", "A boat leaves the\nharbour."),
        ("B", "Rock", "The lamp is lit."),
        ("C", "", "Rain."),
    )
    found = read("a.pdf", pdf(cells(*rows), rules=RULES))
    assert found.spoken.split("\n") == [
        "A", "Sea", "A boat leaves the harbour.", "B", "Rock", "The lamp is lit.", "C", "Rain.",
    ]  # fmt: skip
    assert found.left_out == ()


@pytest.mark.parametrize("second", [SHEET[:1], ()], ids=["with its header again", "without"])
def test_table_of_a_pdf_goes_on_over_pages(second):
    more = (("3", "섬", "섬이 멀어진다."), ("4", "하늘", "별이 뜬다."), ("5", "땅", "날이 샌다."))
    pages = [[*cells(*SHEET), (290, 40, "1")], [*cells(*(*second, *more)[:3]), (290, 40, "2")]]
    spoken = read("a.pdf", pdf(*pages, rules=RULES)).spoken.split("\n")
    assert spoken == [
        "바다가 보인다. 배가 떠난다.", "등대가 빛난다.",
        *[row[2] for row in (*second, *more)[:3] if row[0] != "번호"],
    ]  # fmt: skip


def test_lines_that_are_no_table_change_nothing():
    """A rule under a heading, a frame around the page, an underlined word."""
    page = ["S#1. 부두 - 새벽", "등대 불이 꺼진다.", "민수: 누구세요?"]
    frames = [
        (40, 790, 500, 0.5),
        (30, 30, 535, 782),
        (60, 770, 80, 0.5),
        *[(40, 60 + n, 5, 0.5) for n in range(4)],
    ]
    assert read("a.pdf", pdf(page, rules=frames)).text == read("a.pdf", pdf(page)).text


def test_no_letter_of_a_page_with_a_table_is_lost():
    """Two tables beside each other with text between them: such a page is read as text."""
    rules = [*ruled((50, 150, 250), (760, 730, 700)), *ruled((350, 450, 550), (750, 720, 690))]
    words = [(55, 742, "One."), (155, 742, "Two."), (355, 732, "Three."), (455, 732, "Four.")]
    between = (270, 725, "Between.")
    found = read("a.pdf", pdf([*words, between, (50, 600, "End.")], rules=rules)).spoken
    assert sorted("".join(found.split())) == sorted("One.Two.Three.Four.Between.End.")


@pytest.mark.slow
def test_pdf_with_very_many_rules_is_read_as_text_in_time():
    pages = [[f"Lamp {number} is lit."] for number in range(90)]
    drawing = [(number % 500, number // 5, 1, 1) for number in range(3000)]
    assert read("a.pdf", pdf(*pages[:30], rules=drawing)).spoken.count("is lit.") == 30
    begun = time.process_time()
    grid = ruled(range(50, 550, 10), range(100, 800, 15))
    spoken = read("a.pdf", pdf(*pages, rules=grid)).spoken
    assert [f"Lamp {number} is lit." in spoken for number in range(90)] == [True] * 90
    assert time.process_time() - begun < 20
