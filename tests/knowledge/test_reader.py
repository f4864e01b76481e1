"""Files as they come in: encodings, web copies, Word, PDF, and everything that must be refused."""

import contextlib
import io
import json
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from knowledge.reader import UnreadableDocument, read_document
from knowledge.splitter import split
from knowledge.word_numbering import format_number
from tests.knowledge.sample_files import (
    add_numbered,
    docx_bytes,
    numbered_document,
    pdf_bomb,
    pdf_bytes,
    pdf_circle,
    raw_docx,
    word_body,
    word_paragraph,
)

PLAN = Path(__file__).parents[2].parent / "shared" / "plan" / "plan.txt"
NOTICE = "关于发放创业补贴的通知\n\n一、补贴对象\n毕业五年内的高校毕业生\uff0c在本区首次创办企业的\uff0c可以申请。\n"
SHORT_TEXTS = (
    "就业", "创业补贴", "小额贷款怎么办", "区人社局", "一、申请条件", "毕业生可以申请。", "联通", "你好", "标准为5000元",
    "第一条 为了促进就业", "办理地点\uff1a政务大厅", "登记失业人员", "残疾人创业", "返乡农民工", "\uff08一\uff09放宽准入",
    "税费减免", "见习基地", "营业执照", "退役军人", "绿色通道", "1\uff0e材料", "联系电话\uff1a12345", "免费培训", "社区", "贴息",
)  # fmt: skip


def txt(text: str, encoding: str = "utf-8") -> bytes:
    return text.encode(encoding)


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "gb18030", "gbk"],
)
def test_encodings(encoding: str) -> None:
    source = read_document("a.txt", NOTICE.encode(encoding))
    assert source.text == NOTICE.strip()
    assert source.warnings == ()


def test_traditional_chinese_in_big5() -> None:
    text = "關於發放創業補貼的通知\n畢業五年內的高等學校畢業生可以申請創業補貼。"
    assert read_document("a.txt", text.encode("big5")).text == text


@pytest.mark.parametrize("text", SHORT_TEXTS)
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_short_chinese_texts(text: str, encoding: str) -> None:
    assert read_document("a.txt", text.encode(encoding)).text == text


def test_text_cut_in_the_middle_of_a_character() -> None:
    data = (NOTICE * 3).encode("gb18030")[:-2]
    assert read_document("a.txt", data).encoding == "gb18030"


def test_a_few_broken_bytes_are_reported() -> None:
    data = NOTICE.encode() * 10 + b"\xff" + NOTICE.encode() * 10
    source = read_document("a.txt", data)
    assert source.encoding == "utf-8"
    assert any("1个字无法识别" in warning for warning in source.warnings)


def test_control_characters_and_line_ends() -> None:
    source = read_document(
        "a.txt", "甲\r\n乙\r丙\u2028丁\x00\x07戊\u200b\ufeff己  \n\n\n\n庚".encode()
    )
    assert source.text == "甲\n乙\n丙\n丁戊己\n\n庚"


@pytest.mark.skipif(not PLAN.exists(), reason="the plan file is not part of the repository")
def test_the_web_copy_of_the_plan_loses_its_furniture_and_nothing_else() -> None:
    original = PLAN.read_text(encoding="utf-8")
    source = read_document("plan.txt", PLAN.read_bytes())
    assert len(source.dropped) == 3
    assert source.dropped[0].startswith("首页")
    assert source.dropped[1].startswith("前言")
    assert source.dropped[2] == source.text.split("\n")[0]
    assert source.text == original[original.rindex(source.dropped[2]) :].strip("\n")


@pytest.mark.parametrize(
    "line",
    [
        "首页 > 政务公开 > 通知公告 > 正文",
        "您当前的位置\uff1a首页 >> 政策文件",
        "当前位置:网站首页>创业>政策",
        "\u3010打印\u3011\u3010关闭\u3011",
        "打印本页 关闭窗口",
        "浏览次数\uff1a1234",
        "上一篇\uff1a关于某事的通知",
        "下一篇:没有了",
        "Copyright © 2025 某某网 版权所有",
        "主办单位\uff1a某区 ICP备12345号",
        "前言:本站小编为大家精心整理了这篇范文,欢迎咨询客服。",
        "相关链接",
    ],
)
def test_furniture_lines(line: str) -> None:
    body = NOTICE + "\n二、办理\n到窗口办理。"
    for text in (f"{line}\n{body}", f"{body}\n{line}"):
        source = read_document("a.txt", text.encode())
        assert line not in source.text
        assert source.dropped == (line,)


@pytest.mark.parametrize(
    "line",
    [
        "前言\uff1a为了促进创业,制定本方案。",
        "首页服务事项由区行政审批局负责。",
        "本站为公交首末站,负责周边企业职工接送。",
        "发布时间\uff1a2025-03-01 来源\uff1a区人社局",
        "申请人可以打印凭证。",
    ],
)
def test_what_only_looks_like_furniture_stays(line: str) -> None:
    source = read_document("a.txt", f"{line}\n{NOTICE}".encode())
    assert line in source.text
    assert source.dropped == ()


def test_furniture_in_the_middle_of_a_text_stays() -> None:
    text = NOTICE + "打印\n" + "各部门要密切配合。\n" * 40
    assert "\n打印\n" in read_document("a.txt", text.encode()).text


def test_markdown_keeps_headings_and_tables_only() -> None:
    text = (
        "手册\n====\n<!-- 注释 -->\n## **一、对象**\n见[办事指南](https://example.org/a)和`表格`。\n"
        "![图](a.png)\n```\n代码\n```\n| 甲 | 乙 |\n| --- | --- |\n| 2**3 | a__b |\n"
    )
    assert read_document("a.md", text.encode()).text.split("\n") == [
        "# 手册", "", "## 一、对象", "见办事指南和表格。", "", "代码", "| 甲 | 乙 |", "| --- | --- |", "| 2**3 | a__b |",
    ]  # fmt: skip


HTML = """<html><head><title>关于发放补贴的通知_某区人民政府</title><meta charset="gbk"><style>p{}</style></head><body>
<div class="header"><ul class="nav"><li>首页</li><li>政务公开</li></ul></div><div class="crumbs">首页 &gt; 通知</div>
<div id="zoom"><h1>关于发放补贴的通知</h1><p>一、补贴标准</p><p>标准<b>如下</b>\uff1a</p>
<table><tr><th>对象</th><th>金额</th></tr><tr><td rowspan="2">毕业生</td><td>1000元</td></tr><tr><td>2000元</td></tr></table>
<h3>办理地点</h3><p>政务大厅<br>二楼</p></div>
<div class="share">分享到</div><div class="footer">版权所有</div><script>alert(1)</script></body></html>"""


def test_html_keeps_the_content_and_its_table() -> None:
    source = read_document("a.html", HTML.encode("gb18030"))
    assert source.text.split("\n\n") == [
        "关于发放补贴的通知",
        "一、补贴标准",
        "标准如下\uff1a",
        "| 对象 | 金额 |\n| --- | --- |\n| 毕业生 | 1000元 |\n| 毕业生 | 2000元 |",
        "### 办理地点",
        "政务大厅\n二楼",
    ]
    assert "版权所有" in source.dropped


def test_html_laid_out_in_tables_and_without_marks() -> None:
    page = "<html><title>创业办法全文</title><table><tr><td>菜单</td><td><table><tr><td><p>第一条 甲。</p><p>第二条 乙丙丁戊己庚辛。</p></td></tr></table></td></tr></table>"
    text = read_document("a.htm", page.encode()).text
    assert [d.address for d in split(text) if d.label] == ["第一条", "第二条"]
    assert text.startswith("创业办法全文")


def test_html_that_calls_everything_navigation_keeps_its_text() -> None:
    page = "<div class='nav'>" + "<p>这是正文的一段\uff0c内容很长。</p>" * 5 + "</div>"
    assert read_document("a.html", page.encode()).text.count("正文") == 5


def test_word_numbers_that_are_not_stored_as_text() -> None:
    document = numbered_document()
    document.add_paragraph("工作方案")
    for text, level in (
        ("总体要求", 0),
        ("主要任务", 0),
        ("加强培训", 1),
        ("办班。", 2),
        ("考核。", 2),
        ("甲\uff1b", 3),
        ("加强服务", 1),
        ("窗口。", 2),
        ("保障", 0),
    ):
        add_numbered(document, text, level)
    text = read_document("a.docx", docx_bytes(document)).text
    assert [line for line in text.split("\n") if line] == [
        "工作方案", "一、总体要求", "二、主要任务", "\uff08一\uff09加强培训", "1.办班。", "2.考核。", "①甲\uff1b",
        "\uff08二\uff09加强服务", "1.窗口。", "三、保障",
    ]  # fmt: skip
    assert [d.address for d in split(text) if d.label] == [
        "一",
        "二",
        "二(一)",
        "二(一)1",
        "二(一)2",
        "二(一)2①",
        "二(二)",
        "二(二)1",
        "三",
    ]


def test_word_articles_and_a_list_that_starts_again() -> None:
    document = numbered_document(
        (("chineseCountingThousand", "第%1条", "tab"), ("decimal", "%1.%2", "tab"))
    )
    for text, level, list_id in (
        ("甲。", 0, 90),
        ("乙。", 0, 90),
        ("细目", 1, 90),
        ("重新开始。", 0, 91),
        ("接着。", 0, 91),
    ):
        add_numbered(document, text, level, list_id)
    lines = read_document("a.docx", docx_bytes(document)).text.split("\n\n")
    assert lines == [
        "第一条 甲。",
        "第二条 乙。",
        "二.1 细目",
        "第一条 重新开始。",
        "第二条 接着。",
    ]


def test_word_numbers_that_come_from_a_style() -> None:
    document = numbered_document()
    style = document.styles.add_style("条目", 1)
    style.element.get_or_add_pPr().append(
        parse_xml(f'<w:numPr {nsdecls("w")}><w:numId w:val="90"/></w:numPr>')
    )
    document.add_paragraph("目标", style="条目")
    document.add_paragraph("任务", style="条目")
    assert read_document("a.docx", docx_bytes(document)).text == "一、目标\n\n二、任务"


def test_word_tables_in_place_with_merged_cells() -> None:
    document = numbered_document()
    add_numbered(document, "标准", 0)
    table = document.add_table(rows=4, cols=2)
    for row, cells in enumerate(
        (("补贴标准表", ""), ("对象", "金额"), ("毕业生", "1000|元"), ("", "2000元"))
    ):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    table.cell(0, 0).merge(table.cell(0, 1))
    table.cell(2, 0).merge(table.cell(3, 0))
    add_numbered(document, "流程", 0)
    text = read_document("a.docx", docx_bytes(document)).text
    assert text == (
        "一、标准\n\n补贴标准表\n| 对象 | 金额 |\n| --- | --- |\n| 毕业生 | 1000\uff5c元 |\n| 毕业生 | 2000元 |\n\n二、流程"
    )


def test_word_revisions_fields_and_text_boxes() -> None:
    inner = (
        "<w:p><w:r><w:t>补贴</w:t></w:r><w:del><w:r><w:delText>五百</w:delText></w:r></w:del>"
        "<w:ins><w:r><w:t>一千</w:t></w:r></w:ins><w:r><w:instrText>PAGE</w:instrText></w:r>"
        "<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r><w:r><w:t>元</w:t></w:r></w:p>"
        f"<w:sdt><w:sdtContent>{word_paragraph('控件里的文字')}</w:sdtContent></w:sdt>"
    )
    source = read_document("a.docx", raw_docx(word_body(inner)))
    assert source.text == "补贴一千元\n\n控件里的文字"
    assert any("修订" in warning for warning in source.warnings)


def test_word_headings_without_numbers() -> None:
    document = numbered_document()
    document.add_heading("办事指南", 0)
    document.add_heading("申请条件", 1)
    document.add_paragraph("年满十八周岁。")
    document.add_heading("一、材料", 1)
    assert (
        read_document("a.docx", docx_bytes(document)).text
        == "办事指南\n\n## 申请条件\n\n年满十八周岁。\n\n一、材料"
    )


@pytest.mark.parametrize(
    ("value", "form", "written"),
    [
        (1, "chineseCounting", "一"), (10, "chineseCounting", "十"), (11, "chineseCounting", "十一"),
        (20, "chineseCounting", "二十"), (21, "chineseCounting", "二十一"), (105, "chineseCounting", "一百零五"),
        (110, "chineseCounting", "一百一十"), (12, "chineseLegalSimplified", "壹拾贰"), (3, "decimalEnclosedCircle", "③"),
        (21, "decimalEnclosedCircle", "㉑"), (36, "decimalEnclosedCircle", "㊱"), (4, "lowerRoman", "iv"), (9, "upperRoman", "IX"),
        (2, "lowerLetter", "b"), (27, "upperLetter", "AA"), (7, "decimalZero", "07"), (5, "decimalFullWidth", "\uff15"),
        (3, "decimalEnclosedParen", "⑶"), (2, "decimalEnclosedFullstop", "⒉"), (20, "ideographDigital", "二〇"), (8, "unknown", "8"),
    ],
)  # fmt: skip
def test_word_number_formats(value: int, form: str, written: str) -> None:
    assert format_number(value, form) == written


def test_pdf_paragraphs_without_heads_and_page_numbers() -> None:
    head = "某某区创业文件汇编"
    pages = [
        [
            head,
            "关于开展创业培训的通知",
            "一、总体要求",
            "按照全区统一部署开展创业培训\uff0c各街道和有关部门要高度重视\uff0c认",
            "真组织实施。",
            "- 1 -",
        ],
        [
            head,
            "二、工作任务",
            "(一)加强服务\uff0c为创业者提供政策咨询和开业指导\uff0c帮助解决困难\uff0c",
            "提高成功率。",
            "- 2 -",
        ],
        [head, "三、保障措施", "各部门要密切配合。", "- 3 -"],
    ]
    source = read_document("a.pdf", pdf_bytes(pages))
    assert source.text.split("\n\n") == [
        "关于开展创业培训的通知",
        "一、总体要求",
        "按照全区统一部署开展创业培训\uff0c各街道和有关部门要高度重视\uff0c认真组织实施。",
        "二、工作任务",
        "(一)加强服务\uff0c为创业者提供政策咨询和开业指导\uff0c帮助解决困难\uff0c提高成功率。",
        "三、保障措施",
        "各部门要密切配合。",
    ]
    assert set(source.dropped) == {head, "- 1 -", "- 2 -", "- 3 -"}


def test_parsing_a_normal_file_is_quick() -> None:
    data = docx_bytes(numbered_document())
    with pytest.raises(UnreadableDocument):
        read_document("a.docx", data)  # no text at all, but parsed
    begun = time.monotonic()
    read_document("b.docx", raw_docx(word_body(word_paragraph("创业补贴"))))
    assert time.monotonic() - begun < 5  # 0.2 s on an idle machine


def encrypted_zip() -> bytes:
    data = bytearray(raw_docx(word_body(word_paragraph("甲"))))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def zip_with(entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", word_body(word_paragraph("甲")))
        for entry, content in entries:
            archive.writestr(entry, content)
    return buffer.getvalue()


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("word/link.xml")
    entry.external_attr = 0o120777 << 16
    return entry


def overlapping_zip() -> bytes:
    """Two central entries that point at one local entry."""
    data = zip_with([("word/a.xml", b"x" * 1000), ("word/b.xml", b"y" * 1000)])
    first = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    second = data.index(b"PK\x01\x02", first + 4)
    return data[: second + 42] + data[first + 42 : first + 46] + data[second + 46 :]


def lying_sizes() -> bytes:
    """A bomb whose directory says that its entry is small."""
    data = bytearray(zip_with([("word/media/a.bin", b"\0" * 60_000_000)]))
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = (1000).to_bytes(4, "little")
    return bytes(data)


def laughs() -> str:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY a0 "ha">{entities}]>' + word_body(word_paragraph("&a9;"))


BAD: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "empty": ("a.txt", lambda: b"", "空的"),
    "blank": ("a.txt", lambda: b" \n\t\n ", "没有文字"),
    "too large": ("a.txt", lambda: b"a" * (10 * 2**20 + 1), "10MB"),
    "random bytes": ("a.txt", lambda: zlib.compress(b"abc" * 99_999) * 20 + bytes(range(256)) * 20, "文字"),
    "nul bytes": ("a.txt", lambda: b"\0" * 5_000, "文字"),
    "old word": ("a.doc", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "另存为docx"),
    "encrypted office": ("a.docx", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "密码"),
    "rtf": ("a.doc", lambda: b"{\\rtf1 abc}", "RTF"),
    "damaged spreadsheet": ("a.xlsx", lambda: zip_with([]), "Excel文件已损坏"),
    "old spreadsheet": ("a.et", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 99, "另存为xlsx"),
    "zip named txt": ("a.txt", lambda: zip_with([]), "压缩包或其他办公文件"),
    "rar": ("a.rar", lambda: b"Rar!\x1a\x07\0", "压缩包"),
    "7z": ("a.7z", lambda: b"7z\xbc\xaf\x27\x1c", "压缩包"),
    "gzip": ("a.txt", lambda: b"\x1f\x8b\x08" + b"\0" * 50, "压缩包"),
    "jpeg named txt": ("a.txt", lambda: b"\xff\xd8\xff\xe0" + b"\0" * 50, "图片"),
    "png": ("a.png", lambda: b"\x89PNG\r\n\x1a\n", "图片"),
    "video": ("a.mp4", lambda: b"\0\0\0\x18ftypmp42", "视频"),
    "program": ("a.exe", lambda: b"MZ\x90\0", "程序"),
    "unknown suffix": ("a.xyz", lambda: "文字".encode(), "不支持"),
    "no suffix": ("readme", lambda: "文字".encode(), "不支持"),
    "text named docx": ("a.docx", lambda: "文字".encode(), "内容却不是"),
    "text named pdf": ("a.pdf", lambda: "文字".encode(), "内容却不是"),
    "cut docx": ("a.docx", lambda: raw_docx(word_body(word_paragraph("甲")))[:200], "损坏"),
    "damaged docx entry": ("a.docx", lambda: raw_docx(word_body(word_paragraph("甲" * 99))).replace(b"\x9c", b"\x00").replace(b"P", b"P")[:-40], "损坏"),
    "broken xml": ("a.docx", lambda: raw_docx("<w:document><w:body>"), "损坏"),
    "docx without document": ("a.docx", lambda: zip_bytes_without_document(), "不是Word文档"),
    "docx without text": ("a.docx", lambda: raw_docx(word_body("<w:p/>")), "没有文字"),
    "docx of pictures": ("a.docx", lambda: raw_docx(word_body("<w:p/>"), {"word/media/1.png": b"x"}), "只有图片"),
    "encrypted zip": ("a.docx", encrypted_zip, "密码"),
    "zip bomb": ("a.docx", lambda: zip_with([("word/media/a.bin", b"\0" * 60_000_000)]), "压缩炸弹"),
    "zip bomb in the document": ("a.docx", lambda: raw_docx(word_body(word_paragraph("甲" * 5_000_000))), "压缩炸弹"),
    "lying directory": ("a.docx", lying_sizes, ""),
    "many entries": ("a.docx", lambda: zip_with([(f"word/{n}.xml", b"") for n in range(2_001)]), "压缩"),
    "zip slip": ("a.docx", lambda: zip_with([("../../etc/passwd", b"x")]), "压缩"),
    "absolute path": ("a.docx", lambda: zip_with([("/etc/passwd", b"x")]), "压缩"),
    "link": ("a.docx", lambda: zip_with([(link(), b"/etc/passwd")]), "压缩"),
    "overlapping entries": ("a.docx", overlapping_zip, ""),
    "billion laughs": ("a.docx", lambda: raw_docx(laughs()), "XML声明"),
    "external entity": ("a.docx", lambda: raw_docx('<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>' + word_body(word_paragraph("&e;"))), "XML声明"),
    "laughs in styles": ("a.docx", lambda: raw_docx(word_body(word_paragraph("甲")), {"word/styles.xml": laughs().encode()}), "XML声明"),
    "laughs in numbering": ("a.docx", lambda: raw_docx(word_body(word_paragraph("甲")), {"word/numbering.xml": laughs().encode()}), "XML声明"),
    "scanned pdf": ("a.pdf", lambda: pdf_bytes([[], []]), "扫描件"),
    "cut pdf": ("a.pdf", lambda: b"%PDF-1.7\n1 0 obj\n<<", "损坏"),
    "pdf bomb": ("a.pdf", pdf_bomb, ""),
    "pdf of itself": ("a.pdf", pdf_circle, ""),
    "pdf without font map": ("a.pdf", lambda: pdf_bytes([["\ue001\ue002\ue003\ue004\ue005" * 5]]), "无法正确识别"),
    "empty html": ("a.html", lambda: b"<!-- -->", "没有文字"),
    "html of scripts": ("a.html", lambda: b"<html><script>alert(1)</script></html>", "没有文字"),
}  # fmt: skip


def zip_bytes_without_document() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("xl/workbook.xml", "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize("name", list(BAD))
def test_what_cannot_be_read_says_so_in_chinese(name: str) -> None:
    file, make, said = BAD[name]
    data = make()
    begun = time.monotonic()
    with pytest.raises(UnreadableDocument) as caught:
        read_document(file, data)
    message = str(caught.value)
    assert said in message
    assert any("\u4e00" <= c <= "\u9fff" for c in message)
    assert time.monotonic() - begun < 35


HOSTILE = {
    "deep html": ("a.html", b"<div>" * 200_000 + "文字".encode()),
    "html attributes": ("a.html", b"<p " + b"a=1 " * 500_000 + b">" + "文字".encode()),
    "html nested navigation": ("a.html", b"<ul class=nav>" * 20_000 + "文字".encode()),
    "html table spans": (
        "a.html",
        b"<table>" + b"<tr>" + b"<td colspan=99999 rowspan=99999>x" * 3_000 + b"</table>",
    ),
    "deep docx": (
        "a.docx",
        raw_docx(word_body("<w:sdt>" * 5_000 + word_paragraph("甲") + "</w:sdt>" * 5_000)),
    ),
    "many paragraphs": ("a.docx", raw_docx(word_body(word_paragraph("x") * 20_000))),
}


@pytest.mark.parametrize("name", list(HOSTILE))
def test_hostile_files_end_in_bounded_time(name: str) -> None:
    file, data = HOSTILE[name]
    begun = time.monotonic()
    with contextlib.suppress(UnreadableDocument):
        read_document(file, data)
    assert time.monotonic() - begun < 40


def test_the_child_cannot_take_more_memory_than_it_is_given() -> None:
    program = (
        "import knowledge.sandbox as s\ns.limit()\n"
        "try:\n    b = bytearray(700 * 2**20)\nexcept MemoryError:\n    print('refused')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "refused\n"


def test_the_child_replies_in_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "knowledge.sandbox", "html"],
        input="<p>一段文字</p>".encode(),
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout) == {"text": "一段文字\n", "dropped": [], "warnings": []}
