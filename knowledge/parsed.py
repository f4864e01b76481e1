"""What a parser returns, and the one error of reading a file."""

import re
from dataclasses import dataclass


class UnreadableDocument(ValueError):
    """A file cannot be read; the message, in Chinese, says why and what to do."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """Text out of a file; tables as rows | a | b |, unnumbered headings with ##."""

    text: str
    dropped: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


# A form has no header: it gets one, with what the form is about in its second place.
FORM = "办事事项"
NO_NAME = "内容"
_NAMED = re.compile(
    r"(?:办理|受理|办公|联系|咨询|监督|投诉|服务|申请|申报|实施|责任|法定|承诺|收费|设定)"
    r"(?:地[点址]|时[间限]|主体|单位|部门|机构|电话|条件|对象|期限|方式|标准|依据|材料|流程|程序|渠道|窗口|形式|人)"
    r"|(?:事项|项目|服务|单位|企业|活动)?名称|地址|电话|联系人|邮箱|备注|时间|地点"
)


def _is_form(rows: list[list[str]]) -> bool:
    """Whether a table names a thing in its first column and says it in the second."""
    if len(rows) < 3 or any(len(row) != 2 or len(row[0]) > 12 for row in rows):
        return False
    named = sum(_NAMED.fullmatch(name.strip(":\uff1a")) is not None for name, _ in rows)
    return _NAMED.fullmatch(rows[0][0]) is not None and 2 * named >= len(rows)


def table_lines(rows: list[list[str]]) -> list[str]:
    """Write a table as Markdown rows, the first one as its header.

    A table of one column is only layout: its cells become lines.
    """
    cells = [[" ".join(cell.split()).replace("|", "\uff5c") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if max((len(row) for row in cells), default=0) < 2:
        return [cell for row in cells for cell in row]
    above = []
    while len(cells) > 1 and len(set(cells[0])) == 1:
        above.append(cells.pop(0)[0])  # a caption that spans the whole width
    if _is_form(cells):
        is_name = cells[0][0].endswith("名称")
        cells[: int(is_name)] = [[FORM, cells[0][1] if is_name else NO_NAME]]
    lines = [f"| {' | '.join(row)} |" for row in cells]
    width = len(cells[0])
    return [*above, lines[0], "|" + " --- |" * width, *lines[1:]]
