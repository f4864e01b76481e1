"""What a web page puts around a document: breadcrumbs, a site's preface, print buttons."""

import re

from knowledge.numbering import UNIT_STYLES, Style, read_label

HEAD_LINES = 15  # furniture stands above the first number or at the very end, nowhere else
TAIL_LINES = 15

_CRUMB = re.compile(
    r"(?:您?(?:当前|现在|所在)?的?(?:所在)?位置[:\uff1a]?[ \u3000]*)?(?:网站|返回)?首[ \u3000]?页"
    r"[ \u3000]*[>\uff1e»›/→\-][^。\n]{0,80}"
)
_PLACE = re.compile(r"您?(?:当前|现在|所在)的?(?:所在)?位置[ \u3000]*[:\uff1a][^。\n]{0,80}")
_BUTTONS = re.compile(
    r"(?:[\[\u3010(\uff08]?[ \u3000]*(?:打印(?:本[页文]|此[页文])?|关闭(?:窗口|本页)?"
    r"|分享(?:到|至)?|收藏|纠错|返回(?:顶部|首页|列表)?|字体|字号|大|中|小|默认|微信|微博|QQ空间|我要纠错|保存|下载|语音播报|无障碍)"
    r"[ \u3000]*[\]\u3011)\uff09]?[ \u3000:\uff1a|/·]*)+"
)
_COUNTER = re.compile(
    r"(?:浏览|阅读|点击|访问)(?:次数|量|数)?[ \u3000]*[:\uff1a]?[ \u3000]*[0-9]*[ \u3000]*次?"
    r"|字体[:\uff1a].{0,20}|\u3010字体.{0,20}\u3011.{0,20}"
)
# Behind "来源：… 发布时间：…", which stays.
_COUNTED = re.compile(r"[ \u3000|]+(?:浏览|阅读|点击|访问)(?:次数|量|数)?[:\uff1a].{0,60}$")
_NEIGHBOUR = re.compile(
    r"(?:上|下|前|后)一(?:篇|条|页)[ \u3000]*[:\uff1a].{0,80}|(?:上|下)一(?:篇|页)"
)
_FOOTER = re.compile(
    r".{0,60}(?:版权所有|Copyright|©|ICP备|公网安备|网站标识码|网站地图|技术支持[:\uff1a]|扫一扫|分享到).{0,120}",
    re.IGNORECASE,
)
# The word that a site sets above its links to other pages.
RELATED = re.compile(
    r"(?:相关(?:链接|文章|文档|文件|政策|新闻|内容|阅读|推荐|稿件|信息|解读)|延伸阅读|猜你喜欢"
    r"|热门(?:文章|推荐)|推荐阅读|最新(?:文章|信息|发布))[:\uff1a]?"
)
_SITE_WORDS = (
    "本站", "客服", "范文", "欢迎咨询", "小编", "精心整理", "为你整理", "为您整理", "免费下载",
    "会员", "公众号", "转载请注明", "个性化的参考", "投稿", "本网站", "侵权", "版权归", "仅供参考",
)  # fmt: skip
_WHOLE_LINE = (_CRUMB, _PLACE, _BUTTONS, _COUNTER, _NEIGHBOUR, RELATED, _FOOTER)


def drop_furniture(text: str) -> tuple[str, list[str]]:
    """Return the text without page furniture, and the lines that were dropped.

    Only whole lines above the first numbered item and at the end are looked at, and
    of a title printed twice above the text the first stays. Anything doubtful stays.
    """
    lines = text.split("\n")
    head = _head(lines)
    tail = max(head, len(lines) - TAIL_LINES)
    kept: list[str] = []
    dropped: list[str] = []
    title = ""
    for number, line in enumerate(lines):
        body = line.strip(" \t\u3000\xa0#*")
        in_head = number < head
        repeats = in_head and 4 <= len(body) <= 60 and body == title and "。" not in body
        if body and (in_head or number >= tail) and (_is_furniture(body) or repeats):
            dropped.append(body)
            continue
        title = title or body
        if in_head and (counted := _COUNTED.search(line)) is not None:
            dropped.append(counted[0].strip())
            line = line[: counted.start()]
        kept.append(line)
    if not dropped:
        return text, []
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip("\n"), dropped


def _is_furniture(body: str) -> bool:
    if any(rule.fullmatch(body) for rule in _WHOLE_LINE):
        return True
    return len(body) <= 300 and sum(word in body for word in _SITE_WORDS) >= 2


def _head(lines: list[str]) -> int:
    """Count the lines above the first that looks numbered, at most HEAD_LINES with text."""
    seen = 0
    for number, line in enumerate(lines):
        body = line.strip(" \t\u3000\xa0#*")
        if not body:
            continue
        label = read_label(body, 0)
        if label is not None and (label.style in UNIT_STYLES or label.style is Style.HAN):
            return number
        seen += 1
        if seen > HEAD_LINES:
            return number
    return len(lines)
