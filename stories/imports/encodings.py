"""Detects the encoding of a text file by strict decoding and a check for plausible language."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

# The encodings a person can choose, in the order in which equal candidates are tried.
CHOICES = {
    "utf-8": "Unicode (UTF-8)",
    "cp949": "한국어 (CP949)",
    "utf-16-le": "Unicode (UTF-16 LE)",
    "utf-16-be": "Unicode (UTF-16 BE)",
    "cp1252": "Western (Windows-1252)",
    "gb18030": "简体中文 (GB18030)",
    "big5hkscs": "繁體中文 (Big5)",
    "cp932": "日本語 (Shift_JIS)",
    "euc_jp": "日本語 (EUC-JP)",
    "cp1250": "Central European (Windows-1250)",
    "cp1251": "Кириллица (Windows-1251)",
    "koi8_r": "Кириллица (KOI8-R)",
    "koi8_u": "Українська (KOI8-U)",
    "cp866": "Кириллица (DOS 866)",
    "cp1253": "Ελληνικά (Windows-1253)",
    "cp1254": "Türkçe (Windows-1254)",
    "cp1255": "עברית (Windows-1255)",
    "cp1256": "العربية (Windows-1256)",
    "cp1257": "Baltic (Windows-1257)",
    "cp1258": "Tiếng Việt (Windows-1258)",
    "cp874": "ไทย (Windows-874)",
    "iso8859_2": "Central European (ISO 8859-2)",
    "iso8859_15": "Western (ISO 8859-15)",
    "mac_roman": "Western (Mac)",
    "cp850": "Western (DOS 850)",
    "cp437": "Western (DOS 437)",
    "iso2022_kr": "한국어 (ISO-2022-KR)",
    "iso2022_jp": "日本語 (ISO-2022-JP)",
    "johab": "한국어 (조합형)",
}
TWO_BYTES = ("cp949", "gb18030", "big5hkscs", "cp932", "euc_jp", "johab")
# Encodings of one byte a character, told apart by the letters that languages put together.
ONE_BYTE = (
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "cp874", "koi8_r", "koi8_u", "mac_roman", "cp866", "iso8859_2", "iso8859_15", "cp850", "cp437",
)  # fmt: skip
LIKELIEST = 4
ABOUT_AS_LIKELY = 0.9
# The letters that stand where Windows-1254 has those of Turkish, and others that no text in
# Icelandic does without.
_ICELANDIC, _MARKED = re.compile("[ðýþÐÝÞ]"), re.compile("[áéíóúæÁÉÍÓÚÆ]")
ALPHABETS = (  # Greek, Cyrillic, Hebrew, Arabic, Thai
    ("\u0370", "\u03ff"),
    ("\u0400", "\u04ff"),
    ("\u0590", "\u05ff"),
    ("\u0600", "\u06ff"),
    ("\u0e00", "\u0e7f"),
)
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LOOKED_AT = 20_000  # bytes are examined; all are decoded
MOST_FOREIGN_LINES = 200  # of another encoding in a UTF-8 file
CLEAR = 0.9
PLAUSIBLE = 0.4
UNLIKELY = -0.2

# The most frequent characters of running text. Text that decodes to them is rarely an accident.
KOREAN = frozenset(
    "이다는에을가고의를한지은하로서도사기리해있자인어나그들시라대정아일수만전보것원과니면장부여주으게상제동구스"
    "으로안성소경조적까지습요었았했겠없같때말집길물바람밤낮배별빛눈비문앞뒤위속안녕세반갑누우무거모두마음발손"
    "생오와더내너네저건번년월히려러며면데든던또른살알을될된될봄여름겨울섬숲산강꽃새끝잘못많큰작돌걸읽쓰썼썬"
    "왔왕외용운은의임입잎작잡져졌죠주중즐진짜차처청촌최추출치친카키타터통트특편평포표품풍프피필하학할함항해행향현형호화확환활회후흐희힘"
    "계관광국군권극근금급기길김남녀노느능달당덕도독돈돌락란람래량력련렸로론료루류르름릇리마막망매맨머먹메며명몇몸못무미민믿받방백버벌법벽변병보복본볼봐부북분불빠뿐"
    "떠떴떻뜨띄났난날남냈냐냥넘넣놀높놓뉴늘늦답댁덮돼둘둥드듣들등디따딸땅떤뚜뜻"
)  # fmt: skip
HAN = frozenset(
    "的一是不了在人有我他这这這个個们們中来來上大为為和国國地到以说說时時要就出会會可也你对對生能而子那得于着著下自之年过過发發后後作里裡"
    "用道行所然家种種事成方多经經么麼去法学學如都同现現当當没沒动動面起看定天分还還进進好小部其些"
    "主样樣理心她本前开開但因只从從想实實日军軍者意无無力它与與长長把机機十民第公此已工使情明性知"
    "全三又关關点點正业業外将將两兩高间間由问問很最重并物手应應战戰向头頭文体體政美相见見被利什二"
    "等产產或新己制身果加西斯月话話合回特代内內信表化老给給世位次度门門任常先海通教儿兒原东東声聲"
    "提立及比员員解水名真论論处處走义義各入几幾口认認条條平系气氣题題活尔爾更别別打女变變四神总總"
    "何电電数數安少报報才结結反受目太量再感建务務做接必场場件计計管期市直德资資命山金指克许許统統"
    "区區保至队隊形社便空决決治展马馬科司五基眼书書非则則听聽白却卻界达達光放强強即像难難且权權思"
    "王象完设設式色路记記南品住告类類求据據程北边邊死张張该該交规規万萬取拉格望觉覺术術领領共确確"
    "传傳师師观觀清今切院让讓识識候带帶导導争爭运運笑飞飛风風步改收根干造言联聯持组組每济濟车車亲"
    "親极極林服快办辦议議往元英士证證近失转轉夫令准布始怎呢存未远遠叫台单單影具罗羅字爱愛击擊流备"
    "備兵连連调調深商算质質团團集百需价價花党華华城石级級整府离離况請请技际際约約示复復病息究线線"
    "似官火断斷精满滿支视視消越器容照须須九增研写寫称稱企八功吗嗎包片史委乎查轻輕易早曾除农農找装"
    "裝广廣显顯吧阿李标標谈談吃图圖念六引历歷首医醫局突专專费費号號尽盡另周较較注语語仅僅考落青随"
    "隨选選列武红紅响響虽雖推势勢参參希古众眾构構房半节節土投某案黑维維革划劃敌敵致陈陳律足态態护"
    "護七兴興派孩验驗责責营營星够夠章音跟志底站严嚴巴例防族供效续續施留讲講型料终終答紧緊黄絕绝奇"
    "察母京段依批群项項故按河米围圍江织織害斗双雙境客纪紀采举舉杀殺攻父苏蘇密低朝友诉訴止细細愿願"
    "千值仍男钱錢破网網热熱助倒育属屬坐帝限船脸臉职職速刻乐樂否刚剛威毛状狀率甚独獨球般普怕弹彈校"
    "苦创創港晨静靜慢再见男孩挥揮"
    "今日天気良朝静船少年言手振出見行来駅前後雨空雪夜街道店屋"
)  # fmt: skip


def decode(data: bytes, encoding: str = "") -> tuple[str, str]:
    """The text and the name of its encoding.

    With `encoding`, decodes in that one and marks invalid bytes.

    Raises UnicodeError if no encoding gives a plausible text.
    """
    if encoding:
        bom = next((mark for mark, name in BOMS if data.startswith(mark) and name == encoding), b"")
        return data[len(bom) :].decode(encoding, "replace"), encoding
    for mark, name in BOMS:
        if data.startswith(mark):
            text = data[len(mark) :].decode(name)
            if plausibility(text[:LOOKED_AT]) <= UNLIKELY:
                raise UnicodeError
            return text, name
    for name in ("iso2022_kr", "iso2022_jp"):
        if b"\x1b$" in data[:LOOKED_AT] and _decodes(data, name):
            return data.decode(name), name
    if b"\x00" not in data:
        if _decodes(data, "utf-8"):
            return data.decode(), "utf-8"
        if (mixed := _mostly_utf8(data)) is not None:
            return mixed, "utf-8"
    return _guessed(data)


def _mostly_utf8(data: bytes) -> str | None:
    """The text of a UTF-8 file that breaks off within a character, or into which single lines of
    another encoding were copied. None unless most lines with such characters are UTF-8.
    """
    with suppress(UnicodeDecodeError):
        # The decoder holds back the first bytes of a character that does not end.
        return codecs.getincrementaldecoder("utf-8")().decode(data)
    lines = data.split(b"\n")
    marked = [line for line in lines if not line.isascii()]
    foreign = [line for line in marked if not _decodes(line, "utf-8")]
    if len(foreign) > MOST_FOREIGN_LINES or 2 * len(foreign) >= len(marked):
        return None
    return "\n".join(
        line.decode() if line.isascii() or _decodes(line, "utf-8") else _foreign(line)
        for line in lines
    )


def _foreign(line: bytes) -> str:
    names = (*TWO_BYTES, *_one_byte(line))
    scored = [(score, name) for score, name in _scored(line, names) if score > UNLIKELY]
    return line.decode(max(scored, key=lambda pair: pair[0])[1] if scored else "utf-8", "replace")


def _guessed(data: bytes) -> tuple[str, str]:
    names = ("utf-16-le", "utf-16-be") if b"\x00" in data else (*TWO_BYTES, *_one_byte(data))
    scored = sorted(_scored(data, names), key=lambda pair: -pair[0])
    if len(data) % 2 == 0 and b"\x00" not in data and (not scored or scored[0][0] < PLAUSIBLE):
        scored += _scored(data, ("utf-16-le", "utf-16-be"))
    if not scored or max(scored)[0] < PLAUSIBLE:
        # A damaged byte in a text that is clearly a language costs this byte, not the text.
        damaged = [
            (plausibility(data[:LOOKED_AT].decode(name, "replace")), name) for name in TWO_BYTES
        ]
        if b"\x00" not in data and max(damaged)[0] >= CLEAR:
            name = max(damaged)[1]
            return data.decode(name, "replace"), name
    if not scored:
        raise UnicodeError
    score, name = max(scored, key=lambda pair: pair[0])  # the first of equals wins
    if score < UNLIKELY:
        raise UnicodeError
    return _decoded(data, name), name


def _one_byte(data: bytes) -> list[str]:
    """The likeliest encoding of one byte a character, if one fits.

    They take nearly all bytes, and the same byte is a letter in each, so that only a model of
    languages tells them apart.
    """
    from chardet import detect_all  # noqa: PLC0415  most files are UTF-8, and its models are large

    found = detect_all(
        data[:LOOKED_AT], ignore_threshold=True, include_encodings=ONE_BYTE, compat_names=False
    )
    likely = {
        name: float(match["confidence"])
        for match in found[:LIKELIEST]
        if _decodes(data, name := str(match["encoding"]).lower().replace("-", "_"))
    }
    if not likely:
        return []
    texts = {name: data[:LOOKED_AT].decode(name) for name in likely}
    worth = {name: plausibility(text) for name, text in texts.items()}
    best = max(worth, key=worth.__getitem__)
    name = next((name for name in worth if worth[name] >= PLAUSIBLE), best)
    usual = "cp1252"
    if worth.get(usual, 0) >= PLAUSIBLE and likely[usual] >= ABOUT_AS_LIKELY * likely[name]:
        name = usual
    if name == "cp1252" and _ICELANDIC.search(texts[name]) and not _MARKED.search(texts[name]):
        return ["cp1254"]
    # Of encodings that read the same, the more frequent one is shown.
    same = [other for other in ONE_BYTE if texts.get(other) == texts[name]]
    return same[:1]


def _decodes(data: bytes, name: str) -> bool:
    try:
        _decoded(data, name)
    except UnicodeError:
        return False
    return True


def _decoded(data: bytes, name: str) -> str:
    """Decodes strictly, but for a last character of which only the first bytes are there."""
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        if name in TWO_BYTES and len(data) > 2 and error.start >= len(data) - 1:  # noqa: PLR2004
            return data[: error.start].decode(name)
        raise


def _scored(
    data: bytes, names: tuple[str, ...]
) -> Iterator[tuple[float, str]] | list[tuple[float, str]]:
    return [
        (plausibility(data[:LOOKED_AT].decode(name, "ignore")), name)
        for name in names
        if _decodes(data, name)
    ]


def plausibility(text: str) -> float:
    """The mean score of the non-ASCII characters, from about -3 (an accident) to 2 (a language)."""
    total, count = 0.0, 0
    before = " "
    for position, char in enumerate(text):
        if char < "\x80":
            if char < " " and char not in "\t\n\r\f\x1a":
                total, count = total - 3, count + 1
        else:
            after = text[position + 1 : position + 2]
            total, count = total + _worth(before, char, after), count + 1
        before = char
    return total / count if count else 0.0


# One return per character class
def _worth(before: str, char: str, after: str) -> float:  # noqa: PLR0911
    beside_latin = any("a" <= other.lower() <= "z" for other in (before, after))
    if "가" <= char <= "힣":
        odd = beside_latin or any(_is_han(other) for other in (before, after))
        if char in KOREAN:
            return 0.8 if odd else 1.6
        return -2.0 if odd else (0.3 if _in_ks_x_1001(char) else -1.5)
    if "ぁ" <= char <= "ヿ":
        return -1.0 if "가" <= before <= "힣" else 0.2 if beside_latin else 1.2
    if _is_han(char):
        # Of a language with a Latin alphabet, read wrongly; “A股” is Chinese.
        odd = "가" <= before <= "힣" or any("a" <= other <= "z" for other in (before, after))
        return (1.6 if char in HAN else -0.2) - (1.2 if odd else 0)
    if char in "。、，！？：；「」『』“”‘’…—–　《》〈〉（）·・•":
        return 0.8
    category = unicodedata.category(char)
    if category in {"Cc", "Cn", "Co", "Cs"} or char == "\ufffd":
        return -3.0
    if "\uff61" <= char <= "\uff9f":
        return -0.6
    if category[0] in "LM":
        return _worth_of_letter(before, char, after)
    return 0.2 if category[0] == "P" or category == "Sc" else -0.2


def _worth_of_letter(before: str, char: str, after: str) -> float:
    if char.isupper() and before.islower():
        return -0.5  # no language writes so; an apostrophe of another encoding does
    alphabet = next((pair for pair in ALPHABETS if pair[0] <= char <= pair[1]), None)
    if alphabet is None:
        # In languages with a Latin alphabet marked letters stand alone or in pairs.
        return 0.5 if char < "\u0250" and (before < "\x80" or after < "\x80") else -0.3
    if (char.isupper() and before.isalpha()) or any(
        "a" <= one.lower() <= "z" for one in (before, after)
    ):
        return -0.5
    beside = any(alphabet[0] <= one <= alphabet[1] for one in (before, after) if one != char)
    return 0.6 if beside else -0.3


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _in_ks_x_1001(char: str) -> bool:
    try:
        char.encode("euc_kr")
    except UnicodeEncodeError:
        return False
    return True
