"""Where a project comes from and what its holder may grant."""

from enum import StrEnum


class HolderRight(StrEnum):
    """By what right a holder offers a project (Guangdong 2015)."""

    OWNERSHIP = "ownership"  # 所有权
    OPERATING = "operating"  # 经营权
    AGENCY = "agency"  # 代理权
    OPEN = "open"  # 公开项目，无需授权


class SourceChannel(StrEnum):
    """Through whom a project came in (Guangzhou 2009)."""

    MEDIA = "media"
    DEPARTMENT = "department"
    ASSOCIATION = "association"
    COLLEGE = "college"
    INDIVIDUAL = "individual"
    COMPANY = "company"
    SHIPPED = "shipped"


class HolderSupport(StrEnum):
    """What a holder can do for those who take up the project."""

    GUIDANCE = "guidance"
    TECHNOLOGY = "technology"
    TRAINING = "training"
    SUPPLY = "supply"


RIGHT_NAMES = {
    HolderRight.OWNERSHIP: "所有权",
    HolderRight.OPERATING: "经营权",
    HolderRight.AGENCY: "代理权",
    HolderRight.OPEN: "公开项目（无需授权）",
}
CHANNEL_NAMES = {
    SourceChannel.MEDIA: "媒体",
    SourceChannel.DEPARTMENT: "政府部门",
    SourceChannel.ASSOCIATION: "行业协会",
    SourceChannel.COLLEGE: "高校院所",
    SourceChannel.INDIVIDUAL: "个人",
    SourceChannel.COMPANY: "企业",
    SourceChannel.SHIPPED: "系统随附",
}
SUPPORT_NAMES = {
    HolderSupport.GUIDANCE: "创业指导",
    HolderSupport.TECHNOLOGY: "技术支持",
    HolderSupport.TRAINING: "培训",
    HolderSupport.SUPPLY: "供货",
}
