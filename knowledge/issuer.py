"""Issuing bodies: how their names end, and which level of government they are of."""

import re

from knowledge.document import Level

# What the name of a public body ends with.
ORGANISATION = (
    r"(?:人民政府|办公厅|办公室|委员会|领导小组|指挥部|管委会|总局|总署|银行|法院|检察院|联合会|联合会|协会"
    r"|国务院|全国人大常委会|党委|区委|市委|省委|县委|[\u4e00-\u9fff]{2}(?:局|厅|部|委|署|办|院|会|处|中心|街道|分局))"
)
_MUNICIPALITY = re.compile(r"(?:北京|上海|天津|重庆)市")
_PLACE = re.compile(
    r"(?P<province>省(?!委办)|自治区)|(?P<city>(?<!城)市(?!场)|自治州|[\u4e00-\u9fff]{2}州(?=人民政府)|地区)"
    r"|(?P<district>(?<!社)(?<!地)区(?!域)|县|旗|街道|镇(?=人民政府)|乡(?=人民政府))"
)
_NATIONAL = re.compile(
    r"国务院|国家|全国|中华人民共和国|中国|中共中央|最高人民|总局|总署"
    r"|[\u4e00-\u9fff]{2}部(?:$|[ 、,办])"
    r"|(?:发展改革委|国资委|证监会|税务总局)"
)


_TITLE_PLACE = re.compile(
    r"(?:关于)?(?:印发)?《?(?P<place>[\u4e00-\u9fff]{1,12}?[省市区县旗](?=[\u4e00-\u9fff“《]))"
)
# 开发区, 夜市 and 全市 are no names of a place that governs.
_NO_PLACE = re.compile(
    r"(?:(?:开发|示范|园|试验|保税|高新|社|地|校|景|城|辖|各|全|本|我|新)区|[夜超城门股集上都各全本我]市"
    r"|[全各本我]省|[全各本我]县)\Z"
)


def level_of_title(title: str) -> Level | None:
    """Return the level of the place that a title begins with (某某区…办法), or None."""
    match = _TITLE_PLACE.match(title)
    if match is None or _NO_PLACE.search(match["place"]):
        return None
    return level_of(match["place"])


def level_of(issuer: str) -> Level | None:
    """Return the level of government of an issuing body, or None where the name leaves it open.

    The narrowest place of the name decides: 江苏省南京市江宁区人民政府 is a district's.
    """
    name = _MUNICIPALITY.sub("省", issuer)
    found = {match.lastgroup for match in _PLACE.finditer(name)}
    for group, level in (
        ("district", Level.DISTRICT),
        ("city", Level.MUNICIPAL),
        ("province", Level.PROVINCIAL),
    ):
        if group in found:
            return level
    return Level.NATIONAL if _NATIONAL.search(name) else None
