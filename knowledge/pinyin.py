"""How Chinese characters are read aloud: syllables, tones, and syllables that people mix up."""

import importlib.util
import json
import re
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

LONGEST_SYLLABLE = 6

# Of most characters one reading is alive; of these two are, in words that people ask about.
_TWO_READINGS = frozenset(
    "行重调会还长率得参系给都便传大觉乐降校了地没着的什谁模省种数应为间相当难分处量差少"
)
_TONES = {"\u0304": 1, "\u0301": 2, "\u030c": 3, "\u0300": 4}
_ACCENTED = re.compile(r"[a-zāáǎàēéěèīíǐìōóǒòūúǔùüǖǘǚǜ]+")
_TONED = re.compile(r"(?<![a-z0-9])(?:[a-z]{1,6}[1-5]['\u2019 ]?){2,}(?![a-z0-9])")
_FIRST, _LAST = 0x4E00, 0x9FFF
_ALL_SYLLABLES = """
a ai an ang ao ba bai ban bang bao bei ben beng bi bian biao bie bin bing bo bu ca cai can cang
cao ce cen ceng cha chai chan chang chao che chen cheng chi chong chou chu chua chuai chuan
chuang chui chun chuo ci cong cou cu cuan cui cun cuo da dai dan dang dao de den deng di dian
diao die ding diu dong dou du duan dui dun duo e en er fa fan fang fei fen feng fo fou fu ga gai
gan gang gao ge gei gen geng gong gou gu gua guai guan guang gui gun guo ha hai han hang hao he
hei hen heng hong hou hu hua huai huan huang hui hun huo ji jia jian jiang jiao jie jin jing
jiong jiu ju juan jue jun ka kai kan kang kao ke ken keng kong kou ku kua kuai kuan kuang kui
kun kuo la lai lan lang lao le lei leng li lia lian liang liao lie lin ling liu long lou lu luan
lun luo lv lve ma mai man mang mao me mei men meng mi mian miao mie min ming miu mo mou mu na
nai nan nang nao ne nei nen neng ni nian niang niao nie nin ning niu nong nou nu nuan nuo nv nve
ou pa pai pan pang pao pei pen peng pi pian piao pie pin ping po pou pu qi qia qian qiang qiao
qie qin qing qiong qiu qu quan que qun ran rang rao re ren reng ri rong rou ru ruan rui run ruo
sa sai san sang sao se sen seng sha shai shan shang shao she shei shen sheng shi shou shu shua
shuai shuan shuang shui shun shuo si song sou su suan sui sun suo ta tai tan tang tao te teng ti
tian tiao tie ting tong tou tu tuan tui tun tuo wa wai wan wang wei wen weng wo wu xi xia xian
xiang xiao xie xin xing xiong xiu xu xuan xue xun ya yan yang yao ye yi yin ying yong you yu
yuan yue yun za zai zan zang zao ze zei zen zeng zha zhai zhan zhang zhao zhe zhen zheng zhi
zhong zhou zhu zhua zhuai zhuan zhuang zhui zhun zhuo zi zong zou zu zuan zui zun zuo
"""
_SYLLABLES = frozenset(_ALL_SYLLABLES.split())
# What southern speakers do not tell apart, as the sound of one of the two; er is heard as e.
_H_AS_F = {
    "hu": "fu", "hua": "fa", "huan": "fan", "huang": "fan", "hui": "fei", "hun": "fen", "huo": "fo",
    "er": "e",
}  # fmt: skip
_FOLDS = (
    (re.compile(r"^([zcs])h"), r"\1"),
    (re.compile(r"^[nr](?=[aeiouv])"), "l"),
    (re.compile(r"^lv"), "lu"),
    (re.compile(r"(?<=[aei])ng$"), "n"),
)


@cache
def readings(character: str) -> tuple[tuple[str, int], ...]:
    """Return the living readings of a character: (syllable, tone 1-4 or 0), the usual one first.

    Syllables are lower case with v for ü. Empty for what is no common Chinese character.
    """
    code = ord(character)
    if not _FIRST <= code <= _LAST:
        return ()
    found = (_toneless(reading) for reading in _table().get(str(code), "").split(",") if reading)
    return tuple(dict.fromkeys(found))[: 2 if character in _TWO_READINGS else 1]


@cache
def syllables_of(character: str) -> tuple[str, ...]:
    """Return the distinct syllables of a character without tones, the usual one first."""
    return tuple(dict.fromkeys(syllable for syllable, _ in readings(character)))


@cache
def sounds_of(character: str) -> tuple[str, ...]:
    """Return the folded syllables of a character: equal for what people mix up."""
    return tuple(dict.fromkeys(fold(syllable) for syllable in syllables_of(character)))


@lru_cache(maxsize=4096)
def fold(syllable: str) -> str:
    """Return a syllable with the sounds merged that people mix up: zh/z, n/l, in/ing, h/f."""
    folded = _H_AS_F.get(syllable, syllable)
    for pattern, replacement in _FOLDS:
        folded = pattern.sub(replacement, folded)
    return folded


def is_syllable(letters: str) -> bool:
    """Whether letters are one syllable of Mandarin, without tone, v for ü."""
    return letters in _SYLLABLES


def without_tones(text: str) -> str:
    """Return text with the tones of pinyin taken off, marks or digits: fūhuà, fu2hua4 -> fuhua.

    Words of other languages keep their accents.
    """
    text = _TONED.sub(lambda match: re.sub(r"(?<=[a-z])[1-5]", "", match[0]), text)
    return text if text.isascii() else _ACCENTED.sub(_plain, text)


def is_pinyin(run: str) -> bool:
    """Whether a run of Latin letters can be cut into syllables to its end."""
    reached = {0}
    for start in range(len(run)):
        if start in reached:
            ends = range(start + 1, min(start + LONGEST_SYLLABLE, len(run)) + 1)
            reached |= {end for end in ends if run[start:end] in _SYLLABLES}
    return bool(run) and len(run) in reached


def _plain(match: re.Match[str]) -> str:
    plain = "".join(_toneless(character)[0] for character in match[0])
    return plain if is_pinyin(plain) else match[0]


def _toneless(reading: str) -> tuple[str, int]:
    parts = unicodedata.normalize("NFD", reading).replace("u\u0308", "v")
    tone = next((_TONES[mark] for mark in parts if mark in _TONES), 0)
    return "".join(c for c in parts if not unicodedata.combining(c)), tone


@cache
def _table() -> dict[str, str]:
    # Importing pypinyin reads its 47,000 phrases too: half a second and 60 MB that are
    # not needed to know how single characters are read.
    package = importlib.util.find_spec("pypinyin")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("缺少软件包 pypinyin,请重新执行安装命令")
    path = Path(package.origin).with_name("pinyin_dict.json")
    table: dict[str, str] = json.loads(path.read_text("utf-8"))
    return table
