"""Twenty scripts in the formats that studios use, each read, planned,
and compared word for word.
"""

import pytest

from providers.backends.local.planner import plan
from stories.imports.advice import advise
from stories.imports.parsing import parse
from stories.imports.reading import script_of
from stories.imports.script import BlockKind
from stories.imports.text import understand
from stories.models import Story
from stories.services.planning import plan_request

from .made import docx, fdx, hwpx, odt, paragraphs, pdf

KOREAN_SCREENPLAY = (
    "S#1. 부두 - 새벽\n\n등대 불이 꺼진다.\n\n민수: (낮게) 누구세요?\n하나: "
    "저예요.\n\nS#2. 등대 안 - 밤\n\n하나가 편지를 편다."
)
SPOKEN = ["등대 불이 꺼진다.", "누구세요?", "저예요.", "하나가 편지를 편다."]
ODT_BODY = (
    "<text:tracked-changes><text:changed-region><text:deletion><text:p>지운 "
    "말</text:p></text:deletion></text:changed-region></text:tracked-changes>"
    '<text:h text:outline-level="1">1부. 항구</text:h>'
    '<text:p>보이는 <text:span text:style-name="T1">숨긴 </text:span><text:span '
    'text:style-name="T2">지운 </text:span>말이다.'
    "<office:annotation><text:p>메모다.</text:p></office:annotation>"
    "<text:note><text:note-citation>1</text:note-citation>"
    "<text:note-body><text:p>각주다.</text:p></text:note-body></text:note></text:p>"
    "<text:p><text:ruby><text:ruby-base>港</text:ruby-base>"
    "<text:ruby-text>みなと</text:ruby-text></text:ruby>의 아침.<text:line-break/>둘째 줄.</text:p>"
    "<text:p><draw:frame><draw:text-box><text:p>상자의 "
    "말.</text:p></draw:text-box></draw:frame>끝.</text:p>"
    "<table:table><table:table-row><table:table-cell><text:p>칸이다.</text:p>"
    "</table:table-cell></table:table-row></table:table>"
)
HWPX_BODY = (
    '<hp:p styleIDRef="1"><hp:run><hp:ctrl><hp:header><hp:subList><hp:p><hp:run>'
    "<hp:t>머리말</hp:t></hp:run></hp:p></hp:subList></hp:header></hp:ctrl>"
    "<hp:t>1부. 항구</hp:t></hp:run></hp:p>"
    "<hp:p><hp:run><hp:t>배가 <hp:deleteBegin/>지운 "
    "<hp:deleteEnd/>떠난다.<hp:lineBreak/>둘째<hp:nbSpace/>줄.</hp:t></hp:run>"
    "<hp:run><hp:ctrl><hp:footNote><hp:subList><hp:p><hp:run>"
    "<hp:t>각주</hp:t></hp:run></hp:p></hp:subList></hp:footNote></hp:ctrl></hp:run></hp:p>"
    "<hp:p><hp:run><hp:tbl><hp:tr><hp:tc><hp:subList><hp:p><hp:run>"
    "<hp:t>칸이다.</hp:t></hp:run></hp:p></hp:subList></hp:tc></hp:tr></hp:tbl></hp:run></hp:p>"
)
HWPX_RUBY = (
    "<hp:p><hp:run><hp:dutmal><hp:mainText>港</hp:mainText><hp:subText>항</hp:subText>"
    "</hp:dutmal><hp:t>의 둘째 구역. </hp:t></hp:run>"
    '<hp:run><hp:compose composeText="③"><hp:charPr/></hp:compose><hp:t>번 '
    "배다.</hp:t></hp:run></hp:p>"
)
SHEET = "".join(
    "<w:tr>"
    + "".join(f"<w:tc><w:p><w:r><w:t>{cell}</w:t></w:r></w:p></w:tc>" for cell in row)
    + "</w:tr>"
    for row in (
        ("번호", "화면", "내레이션"),
        ("1", "바다 전경", "바다가 보인다."),
        ("2", "등대", "등대가 빛난다."),
    )
)
STYLED = paragraphs(
    ("s", "INT. SHIP - NIGHT"),
    ("n", "Rain."),
    ("c", "HARU"),
    ("p", "(softly)"),
    ("d", "I am here."),
    ("s", "EXT. SEA - DAWN"),
    ("n", "Calm."),
)
FDX = fdx(
    ("Scene Heading", "INT. LIGHTHOUSE - NIGHT"), ("Action", "Rain beats the glass."),
    ("Character", "HARU"), ("Parenthetical", "(quietly)"),
    ("Dialogue", "I am here."), ("Transition", "CUT TO:"), ("Scene Heading", "EXT. HARBOUR - DAWN"),
    ("Action", "A boat."), title="The Lamp",
)  # fmt: skip
FDX_KOREAN = fdx(
    ("Scene Heading", "S#1. 등대 - 밤"),
    ("Action", "비가 온다."),
    ("Character", "하루"),
    ("Dialogue", "나 여기 있어."),
)
BIG_FISH = """Title:
    _**Big Night**_
Credit: Written by
Author: A. Writer
Contact:
\tnobody@example.com
\t+1 555 0100

FADE IN:

# Act One

INT. HOTEL - NIGHT #1#

A *very* long corridor. [[colour?]]

EDWARD (V.O.)
(whispering)
There are some fish.

WILL ^
He tells it again.

/* cut this
all of this */

!NOT A CUE
Only action.

> CUT TO:

.POOL

@McCoy
~Sing with me

> THE END <
"""

SCRIPTS = {
    "korean screenplay as text": ("a.txt", KOREAN_SCREENPLAY.encode(), SPOKEN),
    "korean screenplay in CP949": ("a.txt", KOREAN_SCREENPLAY.encode("cp949"), SPOKEN),
    "korean screenplay in UTF-16": ("a.txt", KOREAN_SCREENPLAY.encode("utf-16"), SPOKEN),
    "korean screenplay in Word": ("a.docx",
                                  docx(paragraphs(*KOREAN_SCREENPLAY.split("\n"))), SPOKEN),
    "korean screenplay as PDF": ("a.pdf", pdf(KOREAN_SCREENPLAY.split("\n")), SPOKEN),
    "opendocument": ("a.odt", odt(ODT_BODY),
                     ["보이는 말이다.", "港의 아침.", "둘째 줄.", "끝.", "상자의 말.", "칸이다."]),
    "hancom": ("a.hwpx", hwpx(HWPX_BODY, HWPX_RUBY),
               ["배가 떠난다.", "둘째\u00a0줄.", "칸이다.", "港의 둘째 구역. ③번 배다."]),
    "commercial in a table": ("a.docx", docx(f"<w:tbl>{SHEET}</w:tbl>"),
                              ["바다가 보인다.", "등대가 빛난다."]),
    "screenplay by styles": ("a.docx", docx(STYLED), ["Rain.", "I am here.", "Calm."]),
    "final draft": ("a.fdx", FDX, ["Rain beats the glass.", "I am here.", "A boat."]),
    "korean final draft": ("a.fdx", FDX_KOREAN, ["비가 온다.", "나 여기 있어."]),
    "fountain": ("a.fountain", BIG_FISH.encode(),
                 ["A very long corridor.", "There are some fish.", "He tells it again.",
                  "NOT A CUE", "Only action.", "Sing with me", "THE END"]),
    "markdown": ("a.md", ("---\ntitle: 항구\n---\n# 1막\n\n**배가** [떠난다](http://x).\n\n"
                          "> 인용이다.\n\n- 하나다.\n- 둘이다.\n").encode(),
                 ["배가 떠난다.", "인용이다.", "하나다.", "둘이다."]),
    "markdown sheet": ("a.md",
                       ("| 화면 | 내레이션 |\n|---|---|\n"
                        "| 바다 | 바다다. |\n| 섬 | 섬이다. |\n").encode(),
                       ["바다다.", "섬이다."]),
    "webvtt": ("a.vtt",
               ("WEBVTT\n\nNOTE 비밀\n\n1\n00:01.000 --> 00:02.500 align:start\n"
                "<v 민수>안녕.</v>\n\n00:03.000 --> 00:04.000\n{웃으며} 그래.\n").encode(),
               ["안녕.", "{웃으며} 그래."]),
    "subrip without empty lines": ("a.srt",
                                   (b"1\r\n00:00:00,500 --> 00:00:02,000\r\nOne.\r\n"
                                    b"2\r\n00:00:02,100 --> 00:00:03,000\r\n<i>Two.</i>\r\n"),
                                   ["One.", "Two."]),
    "dialogue only": ("a.txt", "민수: 왔어?\n지영: 응, 왔어.\n민수: 가자.".encode(),
                      ["왔어?", "응, 왔어.", "가자."]),
    "japanese screenplay": ("a.txt",
                            "○港・朝\n\n船が出る。\n\n○灯台・夜\n\n雨が降る。".encode("cp932"),
                            ["船が出る。", "雨が降る。"]),
    "chinese screenplay": ("a.txt",
                           ("第一场 内景 咖啡馆 夜\n\n他走了。\n\n"
                            "第二场 外景 港口 晨\n\n船要开了。").encode("gb18030"),
                           ["他走了。", "船要开了。"]),
    "english prose as PDF": ("a.pdf",
                             pdf(["The keeper counts the lamps and one of them is",
                                  "missing tonight. She runs.", "1"],
                                 ["The keeper of the rocks and of the old boats is", "gone.", "2"]),
                             [("The keeper counts the lamps and one of them is missing "
                               "tonight. She runs."),
                              "The keeper of the rocks and of the old boats is gone."]),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_spoken_words_and_plan(name):
    file, data, spoken = SCRIPTS[name]
    script = script_of(parse(file, data))
    assert script.spoken.split("\n") == spoken
    assert (
        understand(script.text).spoken.split("\n") == spoken
    )  # what is stored reads back as the same
    advice = advise(script.text)
    story = Story(
        title="x",
        script=script.text,
        language="ko",
        duration_seconds=max(7, advice.duration_seconds),
    )
    scenes = plan(plan_request(story))
    assert len(scenes) == story.duration_seconds // 7
    words = "".join("".join(scene["narration"] for scene in scenes).split())
    assert words == "".join("".join(spoken).split())
    assert all(
        scene["title"] and any(char.isalpha() for char in scene["title"]) for scene in scenes
    )
    assert all(scene["prompt"].strip() for scene in scenes)


def test_there_are_twenty():
    assert len(SCRIPTS) == 20


def test_titles():
    titles = {
        name: script_of(parse(file, data)).title for name, (file, data, _spoken) in SCRIPTS.items()
    }
    assert titles["final draft"] == "The Lamp"
    assert titles["fountain"] == "Big Night"
    assert titles["markdown"] == "항구"
    assert titles["opendocument"] == titles["hancom"] == "1부. 항구"


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_title_page_with_unknown_keys_whatever_the_line_ends(ends):
    text = ends.join(
        [
            "Revision: 3",
            "Phone:",
            "   +1 555 0100",
            "Studio: X",
            "",
            "EXT. SEA - DAY",
            "",
            "The boat.",
        ]
    )
    assert script_of(parse("a.fountain", text.encode())).text == "EXT. SEA - DAY\n\nThe boat."


def test_what_is_left_out_is_named():
    assert script_of(parse("a.odt", odt(ODT_BODY))).left_out == ("hidden", "struck")


def test_pdf_of_pictures_is_refused():
    assert parse("a.pdf", pdf(["x"], text_layer=False)) == {
        "error": {"reason": "scan", "values": {}}
    }


LIST = ("씬 1. 마트 - 낮", "철수가 장을 본다.", "")
ITEMS = ("우유", "빵")
NUMBERED = (
    '<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId '
    'w:val="1"/></w:numPr></w:pPr><w:r><w:t>{}</w:t></w:r></w:p>'
)
BULLETS = '<hh:paraPr id="9"><hh:heading type="BULLET" idRef="1" level="0"/></hh:paraPr>'


def lists():
    """Two short items after an empty paragraph, as python-docx, Word, LibreOffice and Hancom write
    them.
    """
    items = "".join(NUMBERED.format(item) for item in ITEMS)
    text = "".join(f"<text:p>{line}</text:p>" for line in LIST)
    odt_items = "".join(
        f"<text:list-item><text:p>{item}</text:p></text:list-item>" for item in ITEMS
    )
    lines = "".join(f"<hp:p><hp:run><hp:t>{line}</hp:t></hp:run></hp:p>" for line in LIST)
    hwpx_items = "".join(
        f'<hp:p paraPrIDRef="9"><hp:run><hp:t>{item}</hp:t></hp:run></hp:p>' for item in ITEMS
    )
    return {
        "style.docx": docx(paragraphs(*LIST, *(("List Bullet", item) for item in ITEMS))),
        "number.docx": docx(paragraphs(*LIST) + items),
        "list.odt": odt(f"{text}<text:list>{odt_items}</text:list>"),
        "list.hwpx": hwpx(lines + hwpx_items, header=BULLETS),
    }


@pytest.mark.parametrize("name", ["style.docx", "number.docx", "list.odt", "list.hwpx"])
def test_two_short_items_of_a_list_are_no_speaker_with_words(name):
    script = script_of(parse(name, lists()[name]))
    assert understand(script.text).spoken.split("\n") == ["철수가 장을 본다.", "우유", "빵"]
    assert [block.kind for block in script.blocks if block.text in ITEMS] == [
        BlockKind.ACTION,
        BlockKind.ACTION,
    ]


def test_two_short_paragraphs_that_are_no_list_are_a_speaker_with_words():
    script = script_of(parse("talk.docx", docx(paragraphs(*LIST, "철수", "우유 주세요."))))
    assert [block.kind for block in script.blocks][-2:] == [BlockKind.CUE, BlockKind.DIALOGUE]
