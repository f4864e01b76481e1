"""How surely we know who asked: a closed, ordered list."""

from enum import StrEnum


class IdentityLevel(StrEnum):
    """From a browser's cookie to a person whose papers somebody saw."""

    VISITOR = "visitor"
    WECHAT = "wechat"
    PHONE = "phone"
    WECHAT_PHONE = "wechat_phone"
    STAFF = "staff"  # entered by staff who checked the identity

    @property
    def rank(self) -> int:
        """Its place in the order, from 0."""
        return list(IdentityLevel).index(self)


LEVEL_NAMES = {
    IdentityLevel.VISITOR: "未核验",
    IdentityLevel.WECHAT: "微信用户",
    IdentityLevel.PHONE: "手机号已验证",
    IdentityLevel.WECHAT_PHONE: "微信与手机号均已验证",
    IdentityLevel.STAFF: "工作人员核验",
}
