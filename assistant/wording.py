"""Every fixed sentence of the assistant, in one place. None of them states a fact of policy."""

import re
from datetime import date

from assistant.asked import Asked
from knowledge.department import load_departments
from knowledge.document import Level
from knowledge.figure import number_values
from knowledge.office import OfficeDetail

GREETING = "您好，我是启创创业服务台，可以查创业扶持政策、办事部门和目标数据，每句话都注明出处。"
ABOUT = (
    "我是启创创业服务台的政策查询助手。您用平常的话提问就行，我从已公布的政策文件里找原文回答，"
    "每句话都能点开看出处；文件里没有写的，我会直接告诉您，并说明该问哪个部门。"
)
THANKS = "不客气。还有创业方面的问题，随时可以接着问。"
EMPTY = "没有看到文字内容。请用一句话写下您想了解的创业政策问题。"
PERSONAL_DATA = (
    "您的消息里有身份证号、手机号或银行卡号。为保护您的隐私，这条消息没有查询，号码也没有保存。"
    "请去掉号码后再问一次。"
)
DISTRESS = (
    "看到您这么说，我很担心您。请马上告诉身边信得过的人，也可以拨打全国统一心理援助热线12356，"
    "有人听您说；情况紧急，请拨120或110。创业上的难处可以慢慢来，等您缓一缓再来问我。"
)
ABUSE = "这条消息里有不文明用语，没有查询。请换一种说法，我会继续帮您查政策。"
ORDERS = "我只能查询已公布的创业政策，不能执行其他指令。请直接写下您想了解的创业政策问题。"
OUT_OF_SCOPE = "这个问题不在创业服务的范围内，我没有可以引用的政策，不能回答。"
SCOPE_HINT = "我可以回答创业培训、贷款、补贴、税费、场地、登记、办事部门等方面的政策问题。"
PROGRESS = "我这里查不到个人业务的办理进度。请直接向受理您业务的部门查询。"
HANDOFF = "已把您的问题记录下来。您也可以说明想办的事，我来查由哪个部门负责。"
PROJECT_TOPIC = "创业项目资源库"
MENTOR_TOPIC = "创业导师"
PROJECT = "按个人条件推荐项目的功能还在建设中，现在可以查到的相关规定如下。"
MENTOR = "在线预约导师的功能还在建设中，现在可以查到的相关规定如下。"
FAILED = "系统刚才没能查成，您的问题已经记录。请稍后再试一次。"
BLOCKED_ANSWER = "为保证内容与文件原文一致，这次没有给出回答。您的问题已经记录，请换个说法再试。"
NOT_IN_POLICY = "现有政策文件里没有查到这个问题的答案。"
PARTLY = "文件里没有完全对应您问法的条款，与此最接近的规定是："
NO_SUCH_NAME = "现有政策文件里没有名为“{name}”的项目或政策。"
NO_MORE = "没有查到更多与此有关的规定。"
FORGOTTEN = (
    "好的，您说过的个人情况已经清除，后面的回答不再用到。"
    "对话记录还在，要一并删除，请到“我的情况”页。"
)
NOTHING_REMEMBERED = "您还没有说过自己的情况，我没有记下什么。"
WHERE_REMEMBERED = "这些可以在“我的情况”页查看、修改和删除，也可以直接对我说“忘掉我说的情况”。"
NEARBY = "文件里与此有关的规定是："
ASK_THERE = "这方面的工作由下面的部门负责，建议向其咨询："
AS_OF_EARLIER = "以下按您所问时间有效的文件回答，不代表现行政策。"
EXPIRED_ONLY = "查到的相关文件已经失效，现在不能作为依据。"
TODAY_NAME = "{old}的有关职责，现在一般由{new}承担。"
LEVELS_DIFFER = "不同层级的文件都有规定，分列如下，办理时以当地经办部门执行的为准。"
OWN_RULES = "本区文件里有{count}项："
HIGHER_RULES = "上级文件里有{count}项，适用于各地，具体以当地为准："
DIFFERENCE = "两者相差"
LEVEL_LEADS: dict[Level, str] = {
    Level.DISTRICT: "本区规定：",
    Level.MUNICIPAL: "市级或外地规定：",
    Level.PROVINCIAL: "省级规定：",
    Level.NATIONAL: "国家规定：",
}
LIST_SIZE = "共查到{count}项："
DEPARTMENT_COUNT = "共涉及{count}个部门："

_SLOTS: dict[Asked, str] = {
    Asked.MONEY: "具体金额",
    Asked.INTEREST: "利率",
    Asked.SHARE: "具体比例",
    Asked.AREA: "面积",
    Asked.PEOPLE: "人数",
    Asked.TIMES: "次数",
    Asked.DURATION: "期限或办理时间",
    Asked.DATE: "具体时间",
    Asked.COUNT: "具体数量",
    Asked.NUMBER: "具体数字",
    Asked.HOURS: "办公时间",
    Asked.PHONE: "联系电话",
    Asked.ADDRESS: "具体地址",
    Asked.WEBSITE: "网址或公众号",
    Asked.NAME: "姓名或名称",
    Asked.MATERIALS: "需要的材料",
    Asked.PROCEDURE: "具体办理步骤",
    Asked.DEPARTMENT: "由哪个部门负责",
    Asked.REASON: "原因",
    Asked.CONDITION: "条件",
    Asked.DONE: "实际完成数",
    Asked.AGE: "年龄",
}
_PROGRAMME_NAME = r"[\u4e00-\u9fff]{2,14}"
_CHINESE_NUMBER = "[零一二两三四五六七八九十百千]+"
_OFFICE_DETAILS = {
    OfficeDetail.ADDRESS: "地址",
    OfficeDetail.PHONE: "电话",
    OfficeDetail.HOURS: "办公时间",
    OfficeDetail.BRING: "要带的东西",
    OfficeDetail.DIRECTIONS: "怎么走",
}
_NOT_STATED = "现有政策文件里没有写明您问的{slot}。"

SUGGESTIONS = (
    "创业培训的目标是多少人？",
    "小额担保贷款找哪个部门办？",
    "高校毕业生创业有哪些扶持？",
    "创业孵化基地面积要多大？",
    "创业项目库要有多少个项目？",
    "创建工作分几个阶段？",
)


def not_stated(asked: Asked) -> str:
    """Say what kind of fact the policies do not state."""
    slot = _SLOTS.get(asked)
    return _NOT_STATED.format(slot=slot) if slot else NOT_IN_POLICY


def today_name(old: str, new: str) -> str:
    """Say which body has a department's duties today."""
    return TODAY_NAME.format(old=old, new=new)


def ask_office(name: str) -> str:
    """Lead in the details of an office."""
    return f"可咨询：{name}"


def office_detail(detail: OfficeDetail, value: str) -> str:
    """Say one detail of an office as a list item."""
    return f"{_OFFICE_DETAILS[detail]}：{value}"


def office_direct(name: str, detail: OfficeDetail, value: str) -> str:
    """Answer a question for one detail of an office."""
    return f"{name}的{_OFFICE_DETAILS[detail]}是：{value}"


def office_source(updated_on: date) -> str:
    """Say where the details of an office come from and how old they are."""
    day = f"{updated_on.year}年{updated_on.month}月{updated_on.day}日"
    return f"以上联系信息由区里提供，更新于{day}。"


def _patterns() -> list[re.Pattern[str]]:
    fixed = [v for name, v in globals().items() if name[0].isupper() and isinstance(v, str)]
    fixed += LEVEL_LEADS.values()
    fixed += [_NOT_STATED.format(slot=slot) for slot in _SLOTS.values()]
    fixed += [today_name(d.name, d.today) for d in load_departments() if d.today]
    return [re.compile(_filled_in(re.escape(text))) for text in fixed]


def _filled_in(pattern: str) -> str:
    counted = pattern.replace(re.escape("{count}"), _CHINESE_NUMBER)
    return counted.replace(re.escape("{name}"), _PROGRAMME_NAME)


_FIXED = _patterns()
_COUNTED = [
    re.compile(re.escape(text).replace(re.escape("{count}"), f"({_CHINESE_NUMBER})"))
    for text in (OWN_RULES, HIGHER_RULES, LIST_SIZE, DEPARTMENT_COUNT)
]


def is_fixed(sentence: str) -> bool:
    """Whether a sentence is one of the wordings above, which state no fact of a clause.

    A department's name today comes from the list of departments, not from a clause.
    """
    return any(pattern.fullmatch(sentence) for pattern in _FIXED)


def stated_count(sentence: str) -> str | None:
    """Return the number of items that a wording announces, in digits; None if it announces none."""
    found = next((m for pattern in _COUNTED if (m := pattern.fullmatch(sentence))), None)
    return "".join(number_values(f"{found[1]}名")) if found else None
