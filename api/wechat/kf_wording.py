"""What users of 微信客服 are told besides answers. None of it states a fact of policy."""

from assistant import wording

WELCOME = wording.GREETING + "想找工作人员，请发“转人工”。"
UNREADABLE = "我还看不懂图片、语音和文件。请用一句话写下您的问题；想找工作人员，请发“转人工”。"
ENDED = "人工服务已结束。还有问题，可以接着发给我。"
SUMMARY = "以下摘要供接待人员参考："
SUMMARY_EMPTY = "请把您的问题写下来，接待人员接入后就能看到。"
CLOSED = "企业微信里的人工会话已结束"
NOT_DELIVERED = "对方没有收到这条消息（微信报告发送失败）"
