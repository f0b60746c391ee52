"""Place and time in scene headings of each language."""

import pytest

from stories.imports.headings import Place, place_of


@pytest.mark.parametrize(
    ("heading", "found"),
    [
        ("INT. KITCHEN - NIGHT", Place("INT", "KITCHEN", "NIGHT")),
        ("EXT. HARBOUR - EARLY MORNING", Place("EXT", "HARBOUR", "EARLY MORNING")),
        ("EXT. BEACH GOLDEN HOUR", Place("EXT", "BEACH", "GOLDEN HOUR")),
        ("S#3. 항구 - 새벽", Place("", "항구", "새벽")),
        ("S#4. 옥상 이른 아침", Place("", "옥상", "이른 아침")),
        ("씬 5. 골목 해 질 무렵", Place("", "골목", "해 질 무렵")),
        ("S#6. 병원 복도 (한밤중)", Place("", "병원 복도", "한밤중")),
        ("第一场 内景 咖啡馆 夜", Place("内景", "咖啡馆", "夜")),
        ("第二场 外景 港口 晨", Place("外景", "港口", "晨")),
        ("第三場 外景 市場 午夜", Place("外景", "市場", "午夜")),
        ("第四场 外景 城墙 黎明", Place("外景", "城墙", "黎明")),
        ("○ 駅前・夕暮れ", Place("○", "駅前", "夕暮れ")),
        ("○ 病院の廊下(深夜)", Place("○", "病院の廊下", "深夜")),
        ("EXT. NIGHT MARKET", Place("EXT", "NIGHT MARKET", "")),
        ("S#7. 밤섬", Place("", "밤섬", "")),
        ("第五场 外景 上海外滩", Place("外景", "上海外滩", "")),
    ],
)
def test_place_and_time(heading: str, found: Place) -> None:
    assert place_of(heading) == found
