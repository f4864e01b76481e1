"""What the office enters for its reports: the fields of the form, a template of its own."""

from dataclasses import dataclass
from pathlib import Path

import yaml

FORM_FILE = "report-form.yaml"
UNSET = "（待填）"


class FormFileInvalid(ValueError):
    """The file with the form's fields cannot be used; the message says why."""


class TemplateUnusable(ValueError):
    """The office's own Word template cannot be filled in; the message says why."""


@dataclass(frozen=True, slots=True)
class FormFields:
    """What every statistical form has to carry (统计法 §17); the office enters it."""

    table_number: str = UNSET  # 表号
    issuer: str = UNSET  # 制定机关
    approval_number: str = UNSET  # 批准或备案文号
    valid_until: str = UNSET  # 有效期限
    reporting_unit: str = UNSET  # 填报单位


FIELD_NAMES = {
    "表号": "table_number",
    "制定机关": "issuer",
    "批准文号": "approval_number",
    "有效期限": "valid_until",
    "填报单位": "reporting_unit",
}


def read_form(data_dir: Path) -> FormFields:
    """Read the office's fields from the data folder; what is missing says that it is.

    Raises FormFileInvalid.
    """
    path = data_dir / FORM_FILE
    if not path.exists():
        return FormFields()
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FormFileInvalid(f"{FORM_FILE} 不是正确的 YAML，请检查。") from error
    if not isinstance(told, dict) or (odd := sorted(map(str, set(told) - set(FIELD_NAMES)))):
        names = "、".join(odd) if isinstance(told, dict) else "整份文件"
        raise FormFileInvalid(f"{FORM_FILE} 里不认识：{names}。可填：{'、'.join(FIELD_NAMES)}。")
    return FormFields(**{FIELD_NAMES[name]: str(value) for name, value in told.items()})
