"""Documents with the structure that Final Draft, Google Docs and Hancom Office write.

Made after the published formats: FDX as Final Draft 12 saves it, WordprocessingML with the content
controls and suggestions of Google Docs and with the style names of Hancom, and OWPML (KS X 6101).
"""

from stories.imports.parsing import parse
from stories.imports.reading import script_of
from stories.imports.script import BlockKind

from .made import zipped

FINAL_DRAFT = """<?xml version="1.0" encoding="UTF-8" standalone="no" ?>
<FinalDraft DocumentType="Script" Template="No" Version="5">
  <Content>
    <Paragraph Alignment="Left" FirstIndent="0.00" Leading="Regular" LeftIndent="1.50"
               RightIndent="7.50" SpaceBefore="24" Spacing="1" StartsNewPage="No"
               Type="Scene Heading" Number="1">
      <SceneProperties Color="#FFFFFFFFFFFF" Length="2/8" Page="1" Title="Opening">
        <SceneArcBeats><CharacterArcBeat Name="HARU">
          <Paragraph Alignment="Left" Type="Action"><Text>Haru learns it.</Text></Paragraph>
        </CharacterArcBeat></SceneArcBeats>
        <Summary><Paragraph Type="General"><Text>The lamp goes out.</Text></Paragraph></Summary>
      </SceneProperties>
      <Text AdornmentStyle="0" Background="#FFFFFFFFFFFF" Color="#000000000000"
            Font="Courier Final Draft" RevisionID="0" Size="12" Style="AllCaps"
            >Int. Lighthouse - Night</Text>
    </Paragraph>
    <Paragraph Alignment="Left" StartsNewPage="No" Type="Action">
      <Bookmark Name="here"/>
      <Text>Rain </Text><Text AdornmentStyle="-1" Style="Bold+Underline">beats</Text>
      <Text RevisionID="2"> the glass.</Text><Text Style="Strikeout">A cat.</Text>
      <ScriptNote Color="#FFFF99" ID="4" Name="Ask" Range="3,9">
        <Paragraph Type="General"><Text>Really a cat?</Text></Paragraph>
      </ScriptNote>
    </Paragraph>
    <Paragraph StartsNewPage="No">
      <DualDialogue>
        <Paragraph Type="Character"><Text>HARU (V.O.)</Text></Paragraph>
        <Paragraph Type="Parenthetical"><Text>(softly)</Text></Paragraph>
        <Paragraph Type="Dialogue"><Text>I am </Text>\
<Text Style="Italic">here</Text><Text>.</Text></Paragraph>
        <Paragraph Type="Character"><Text>MINA</Text></Paragraph>
        <Paragraph Type="Dialogue"><Text>So am I.</Text></Paragraph>
      </DualDialogue>
    </Paragraph>
    <Paragraph Type="Transition"><Text>CUT TO:</Text></Paragraph>
    <Paragraph Type="Scene Heading" Number="2"><Text>EXT. HARBOUR - DAWN</Text></Paragraph>
    <Paragraph Type="Action"><Text>A boat leaves.</Text></Paragraph>
  </Content>
  <HeaderAndFooter FooterVisible="No" HeaderVisible="Yes">
    <Header><Paragraph><DynamicLabel Type="Page #"/><Text>.</Text></Paragraph></Header>
  </HeaderAndFooter>
  <SpellCheckIgnoreLists><IgnoredRanges/>\
<IgnoredWords><Word>haru</Word></IgnoredWords></SpellCheckIgnoreLists>
  <TitlePage>
    <HeaderAndFooter><Header><Paragraph><Text>Draft 3</Text></Paragraph></Header></HeaderAndFooter>
    <Content>
      <Paragraph Alignment="Center" Type=""><Text></Text></Paragraph>
      <Paragraph Alignment="Center"><Text Style="Underline">The Lamp</Text></Paragraph>
      <Paragraph Alignment="Center"><Text>Written by</Text></Paragraph>
      <Paragraph Alignment="Left"><Text>nobody@example.com</Text></Paragraph>
    </Content>
  </TitlePage>
  <SmartType><Characters><Character>HARU</Character></Characters>
    <SceneIntros Separator=". "><SceneIntro>INT</SceneIntro></SceneIntros></SmartType>
  <Cast><Member><Character>HARU</Character><Actor>A. Actor</Actor></Member></Cast>
  <TagData><TagDefinitions><TagDefinition Id="1" Label="lamp"/></TagDefinitions></TagData>
</FinalDraft>
"""


def read(name, data):
    return script_of(parse(name, data))


def test_final_draft():
    found = read("a.fdx", FINAL_DRAFT.encode())
    assert found.title == "The Lamp"
    assert [(block.kind, block.text) for block in found.blocks] == [
        (BlockKind.HEADING, "INT. LIGHTHOUSE - NIGHT"),
        (BlockKind.ACTION, "Rain beats the glass."),
        (BlockKind.CUE, "HARU (V.O.)"),
        (BlockKind.PARENTHETICAL, "softly"),
        (BlockKind.DIALOGUE, "I am here."),
        (BlockKind.CUE, "MINA"),
        (BlockKind.DIALOGUE, "So am I."),
        (BlockKind.TRANSITION, "CUT TO:"),
        (BlockKind.HEADING, "EXT. HARBOUR - DAWN"),
        (BlockKind.ACTION, "A boat leaves."),
    ]


W = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml"'
)


def word(body, styles):
    return zipped(
        **{
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": (
                "<Relationships "
                'xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                '<Relationship Id="rId1" '
                'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
                'officeDocument" Target="word/document.xml"/></Relationships>'
            ),
            "word/document.xml": f"<w:document {W}><w:body>{body}<w:sectPr/></w:body></w:document>",
            "word/styles.xml": f"<w:styles {W}>{styles}</w:styles>",
        }
    )


def google_run(text, properties='<w:rtl w:val="0"/>'):
    return (
        f'<w:r w:rsidDel="00000000" w:rsidR="00000000" w:rsidRPr="00000000"><w:rPr>{properties}'
        f'</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'
    )


def google_control(number, content):
    return (
        f'<w:sdt><w:sdtPr><w:id w:val="{number}"/><w:tag w:val="goog_rdk_{number}"/></w:sdtPr>'
        f"<w:sdtContent>{content}</w:sdtContent></w:sdt>"
    )


def google_paragraph(*parts, style=""):
    properties = f'<w:pStyle w:val="{style}"/>' if style else ""
    return (
        '<w:p w:rsidR="00000000" w:rsidDel="00000000" w:rsidP="00000000" w14:paraId="00000001">'
        f"<w:pPr>{properties}<w:rPr/></w:pPr>{''.join(parts)}</w:p>"
    )


def test_google_docs():
    suggested = '<w:ins w:author="Mina" w:id="0" w:date="2026-11-01T00:00:00Z">{}</w:ins>'
    removed = (
        '<w:del w:author="Mina" w:id="1" w:date="2026-11-01T00:00:00Z"><w:r><w:delText '
        'xml:space="preserve">지운 말 </w:delText></w:r></w:del>'
    )
    body = (
        google_paragraph(google_run("항구의 하루"), style="Title")
        + google_paragraph(
            '<w:bookmarkStart w:id="0" w:name="_heading=h.x"/><w:bookmarkEnd w:id="0"/>',
            google_run("1부"),
            style="Heading1",
        )
        + google_control(
            0,
            google_paragraph(
                google_run("배가 "),
                google_control(1, suggested.format(google_run("천천히 "))),
                google_control(2, removed),
                '<w:commentRangeStart w:id="0"/>',
                google_run("떠난다."),
                '<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r>',
            ),
        )
        + '<w:tbl><w:tblPr><w:tblStyle w:val="Table1"/></w:tblPr><w:tblGrid/>'
        + "".join(
            '<w:tr><w:trPr><w:cantSplit w:val="0"/><w:tblHeader w:val="0"/></w:trPr>'
            + "".join(
                f"<w:tc><w:tcPr><w:shd/></w:tcPr>{google_paragraph(google_run(cell))}</w:tc>"
                for cell in row
            )
            + "</w:tr>"
            for row in (("Video", "Audio"), ("바다", "바다가 보인다."))
        )
        + "</w:tbl>"
        + google_paragraph()
    )
    styles = (
        '<w:style w:type="paragraph" w:styleId="Normal" w:default="1">'
        '<w:name w:val="normal"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/>'
        '<w:basedOn w:val="Normal"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style>'
    )
    found = read("a.docx", word(body, styles))
    assert found.title == "항구의 하루"
    assert found.spoken.split("\n") == ["배가 천천히 떠난다.", "바다가 보인다."]
    assert found.left_out == ("table",)


def test_word_file_of_hancom():
    """Hancom names styles by numbers and writes text boxes twice: as a shape and as VML."""
    box = "<w:txbxContent><w:p><w:pPr/><w:r><w:t>상자의 말이다.</w:t></w:r></w:p></w:txbxContent>"
    body = (
        '<w:p><w:pPr><w:pStyle w:val="1"/><w:rPr/></w:pPr><w:r><w:rPr><w:rFonts '
        'w:eastAsia="함초롬바탕"/></w:rPr><w:t>S#1. 부두 - 새벽</w:t></w:r></w:p>'
        '<w:p><w:pPr><w:pStyle w:val="0"/></w:pPr><w:r>'
        '<w:t xml:space="preserve">등대 불이 </w:t></w:r>'
        "<w:r><w:t>꺼진다.</w:t></w:r></w:p>"
        '<w:p><w:pPr><w:pStyle w:val="0"/></w:pPr><w:r><mc:AlternateContent><mc:Choice '
        f'Requires="wps"><w:drawing><wps:txbx>{box}</wps:txbx></w:drawing></mc:Choice>'
        f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    styles = (
        '<w:style w:type="paragraph" w:styleId="0" w:default="1"><w:name w:val="바탕글"/></w:style>'
        '<w:style w:type="paragraph" w:styleId="1"><w:name w:val="개요 1"/><w:pPr>'
        '<w:outlineLvl w:val="0"/></w:pPr></w:style>'
    )
    found = read("a.docx", word(body, styles))
    assert found.spoken.split("\n") == ["등대 불이 꺼진다.", "상자의 말이다."]
    assert found.blocks[0].kind == BlockKind.HEADING


LINES = '<hp:linesegarray><hp:lineseg textpos="0" vertpos="0" vertsize="1000"/></hp:linesegarray>'
HP = (
    'xmlns:hp="http://www.hancom.co.kr/hwpml/2011/paragraph" '
    'xmlns:hs="http://www.hancom.co.kr/hwpml/2011/section" '
    'xmlns:hc="http://www.hancom.co.kr/hwpml/2011/core"'
)


def hancom_paragraph(*runs, style=0):
    inner = "".join(f'<hp:run charPrIDRef="0">{run}</hp:run>' for run in runs)
    return (
        f'<hp:p id="2147483648" paraPrIDRef="0" styleIDRef="{style}" pageBreak="0" '
        f'columnBreak="0" merged="0">{inner}{LINES}</hp:p>'
    )


def hancom_cell(column, row, text):
    return (
        '<hp:tc name="" header="0" hasMargin="0" protect="0" editable="0" dirty="0" '
        'borderFillIDRef="3"><hp:subList id="" textDirection="HORIZONTAL" lineWrap="BREAK" '
        f'vertAlign="CENTER">{hancom_paragraph(f"<hp:t>{text}</hp:t>")}</hp:subList>'
        f'<hp:cellAddr colAddr="{column}" rowAddr="{row}"/><hp:cellSpan colSpan="1" rowSpan="1"/>'
        '<hp:cellSz width="1000" height="500"/><hp:cellMargin left="510"/></hp:tc>'
    )


def test_hancom_office():
    rows = (("화면", "내레이션"), ("바다", "바다가 보인다."))
    table = (
        '<hp:tbl id="1" zOrder="0" numberingType="TABLE" rowCnt="2" colCnt="2"><hp:sz width="1"/>'
        '<hp:pos treatAsChar="1"/><hp:outMargin left="283"/><hp:inMargin left="510"/>'
        + "".join(
            f"<hp:tr>{''.join(hancom_cell(c, r, cell) for c, cell in enumerate(row))}</hp:tr>"
            for r, row in enumerate(rows)
        )
        + "</hp:tbl><hp:t/>"
    )
    memo = (
        '<hp:ctrl><hp:fieldBegin id="1" type="MEMO"><hp:parameters><hp:stringParam '
        'name="Author">Mina</hp:stringParam></hp:parameters><hp:subList>'
        f"{hancom_paragraph('<hp:t>메모다.</hp:t>')}</hp:subList></hp:fieldBegin></hp:ctrl>"
    )
    section = (
        hancom_paragraph(
            '<hp:secPr id="" textDirection="HORIZONTAL"><hp:grid/><hp:pagePr/><hp:footNotePr/>'
            '</hp:secPr><hp:ctrl><hp:colPr id="" type="NEWSPAPER"/></hp:ctrl>',
            "<hp:t>1부. 항구</hp:t>",
            style=1,
        )
        + hancom_paragraph(
            f"{memo}<hp:t>배가 </hp:t>", '<hp:t>떠난다.<hp:tab width="4000"/>끝.</hp:t>'
        )
        + hancom_paragraph(table)
        + hancom_paragraph('<hp:ctrl><hp:pageNum pos="BOTTOM_CENTER"/></hp:ctrl><hp:t/>')
    )
    header = (
        '<hh:head xmlns:hh="http://www.hancom.co.kr/hwpml/2011/head" version="1.4" secCnt="1">'
        '<hh:beginNum page="1"/><hh:refList><hh:fontfaces itemCnt="1"><hh:fontface lang="HANGUL">'
        '<hh:font id="0" face="함초롬바탕" type="TTF"/></hh:fontface></hh:fontfaces>'
        '<hh:paraProperties itemCnt="1"><hh:paraPr id="0"><hh:heading type="NONE" idRef="0"/>'
        '</hh:paraPr></hh:paraProperties><hh:styles itemCnt="2"><hh:style id="0" type="PARA" '
        'name="바탕글" engName="Normal"/><hh:style id="1" type="PARA" name="개요 1" '
        'engName="Outline 1"/></hh:styles></hh:refList></hh:head>'
    )
    data = zipped(
        **{
            "mimetype": "application/hwp+zip",
            "version.xml": "<hv:HCFVersion xmlns:hv='http://www.hancom.co.kr/hwpml/2011/version'/>",
            "META-INF/container.xml": (
                "<ocf:container xmlns:ocf='urn:oasis:names:tc:opendocument:xmlns:container'/>"
            ),
            "Contents/content.hpf": "<opf:package xmlns:opf='http://www.idpf.org/2007/opf/'/>",
            "Contents/header.xml": header,
            "Contents/section0.xml": f"<hs:sec {HP}>{section}</hs:sec>",
            "Preview/PrvText.txt": "1부. 항구\r\n배가 떠난다.",
            "settings.xml": (
                "<ha:HWPApplicationSetting xmlns:ha='http://www.hancom.co.kr/hwpml/2011/app'/>"
            ),
        }
    )
    found = read("a.hwpx", data)
    assert found.title == "1부. 항구"
    assert found.spoken.split("\n") == ["배가 떠난다.\t끝.", "바다가 보인다."]
    assert found.left_out == ("table",)
