"""The groups of people whom the plan wants to help to a business of their own."""

from enum import StrEnum


class TargetGroup(StrEnum):
    """Whom a project suits and a policy favours; a person may belong to several."""

    GRADUATE = "graduate"  # 高校毕业生、在校大学生
    RETURNEE = "returnee"  # 返乡农民工
    LAID_OFF = "laid_off"  # 下岗失业人员
    HARD_TO_EMPLOY = "hard_to_employ"  # 就业困难人员（就业促进法第52条）
    VETERAN = "veteran"  # 退役军人
    MILITARY_FAMILY = "military_family"  # 随军家属
    DISABLED = "disabled"  # 残疾人
    WOMAN = "woman"  # 妇女
    LANDLESS = "landless"  # 失地农民
    FARMER = "farmer"  # 农村富余劳动力、本地农户
    SCIENTIST = "scientist"  # 科技人员
    OLDER = "older"  # 大龄劳动者


GROUP_NAMES = {
    TargetGroup.GRADUATE: "大学生",
    TargetGroup.RETURNEE: "返乡农民工",
    TargetGroup.LAID_OFF: "下岗失业人员",
    TargetGroup.HARD_TO_EMPLOY: "就业困难人员",
    TargetGroup.VETERAN: "退役军人",
    TargetGroup.MILITARY_FAMILY: "随军家属",
    TargetGroup.DISABLED: "残疾人",
    TargetGroup.WOMAN: "妇女",
    TargetGroup.LANDLESS: "失地农民",
    TargetGroup.FARMER: "农村富余劳动力",
    TargetGroup.SCIENTIST: "科技人员",
    TargetGroup.OLDER: "大龄劳动者",
}
