"""What WeChat users are told besides answers. None of it states a fact of policy."""

from dataclasses import dataclass

from api.wechat.arrival import ArrivalKind
from api.wechat.binding import BindingOutcome
from assistant import wording

WELCOME = "欢迎关注。" + wording.GREETING
BUSY = "系统正忙，您刚才的消息没有记下来，请过一两分钟再发一次。"
TOO_FAST = "您发得太快了，刚才这条没有查询，请等一分钟再发。"
PLAIN_MODE = (
    "这个公众号还没有启用安全模式，暂时不能查询。请公众号管理员在后台把消息加解密方式改为安全模式。"
)


@dataclass(frozen=True, slots=True)
class Linked:
    """A sentence that a link follows, and what is said where there is no address to link to."""

    before: str
    alone: str


LATER_LINK = Linked(
    "这个问题查得比较久，结果会出现在这里，请过几秒钟点开看：",
    "这个问题查得比较久，已经记下，请过一两分钟再问一次。",
)
OPEN_PAGE = "查看答复"
STOPPED_LINK = Linked(
    "自动答复暂时停用，您刚才的消息没有记下来，请改天再发；急事请直接联系经办单位：",
    "自动答复暂时停用，您刚才的消息没有记下来，请改天再发；急事请直接联系经办单位。",
)
OPEN_CONTACT = "联系方式"

NOTICES = {
    ArrivalKind.QUESTION: wording.EMPTY,
    ArrivalKind.VOICE: "没有听清您的语音，请再说一次，或者用文字写下您的问题。",
    ArrivalKind.IMAGE: "我还看不懂图片。请用一句话写下您想问的创业政策问题。",
    ArrivalKind.VIDEO: "我还看不懂视频。请用一句话写下您想问的创业政策问题。",
    ArrivalKind.FILE: "我还不能读文件。请用一句话写下您想问的创业政策问题。",
    ArrivalKind.LOCATION: "收到您的位置，我没有保存。请用一句话写下您想问的创业政策问题。",
    ArrivalKind.LINK: "我不能打开链接。请用一句话写下您想问的创业政策问题。",
    ArrivalKind.FOLLOWED: WELCOME,
    ArrivalKind.SCANNED: wording.GREETING,
    ArrivalKind.CLICKED: wording.ABOUT,
}
COMMANDS = {ArrivalKind.BINDING, ArrivalKind.RELEASE}
# What becomes of “绑定 123456” and “解除绑定”.
BINDING = {
    BindingOutcome.PERSON: (
        "绑定成功：这个微信和您刚才打开的网页是同一个人了，导师的答复、问题的结果会发到这里。"
        "如果绑定码不是您自己从网页上看到的，请马上回复“解除绑定”。"
    ),
    BindingOutcome.STAFF: (
        "绑定成功：工作提醒会发到这个微信，这个微信的提问不计入咨询人次。"
        "如果绑定码不是您自己从“我的账号”看到的，请马上回复“解除绑定”。"
    ),
    BindingOutcome.UNKNOWN: (
        "绑定码不对，或者已经过了 10 分钟。请在网页上重新取一个，再发“绑定”加六位数字。"
    ),
    BindingOutcome.TOO_OFTEN: "绑定码连续输错，请过一小时再试，或联系工作人员。",
    BindingOutcome.NO_CODE: (
        "请打开网页的“我的情况”，点“绑定微信”取得六位数字，再发“绑定”加这六位数字。"
    ),
    BindingOutcome.RELEASED: "已解除绑定，网页上的提醒不再发到这个微信。已有的咨询记录不变。",
    BindingOutcome.NOTHING_BOUND: "这个微信没有绑定，不需要解除。",
}
# Those that show what can be asked.
WITH_STARTERS = {ArrivalKind.FOLLOWED, ArrivalKind.SCANNED, ArrivalKind.CLICKED}
