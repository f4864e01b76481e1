"""What is said of the documents that an answer rests on."""

from datetime import date

import pytest

from assistant.answer import Answer, AnswerStatus, Citation, Intent, Sentence
from assistant.notes import MOST_NOTES, with_notes
from knowledge.corpus import Corpus
from knowledge.document import DocumentStatus, PolicyDocument
from tests.fixtures.edge import small_document

TODAY = date(2026, 6, 1)
AMENDED = "部分内容已被《修改决定》（启政发〔2026〕9号）修改，以修改后的文本为准。"
ENDED = {"status": DocumentStatus.SUPERSEDED, "replaced_on": date(2026, 5, 1)}


def noted(
    *documents: PolicyDocument,
    cited: int = 1,
    status: AnswerStatus = AnswerStatus.ANSWERED,
    day: date = TODAY,
) -> tuple[str, ...]:
    """Return the notes of an answer that cites the first documents."""
    for number, document in enumerate(documents, start=1):
        document.id = number
    citations = tuple(
        Citation(1, d.id, d.title, None, "一", "句", 0, 1, d.digest, None, None, None)
        for d in documents[:cited]
    )
    answer = Answer(status, Intent.POLICY, (Sentence("句", (0,)),), citations)
    told = with_notes(answer, Corpus(documents), day)
    assert all(f"请注意：{note}" in told.full_text for note in told.notes)
    assert told.text == "句"
    return told.notes


@pytest.mark.parametrize(
    ("caveat", "said"),
    [
        (None, ()),
        ("本文为要点重述，以正式文件原文为准。", ()),
        (f"{AMENDED}", (f"《甲》{AMENDED}",)),
        (f"{AMENDED}金额以当地为准。", (f"《甲》{AMENDED}", "《甲》：金额以当地为准。")),
        (
            "发布日只核到年份；标准由地方确定，以当地为准。",
            ("《甲》：标准由地方确定，以当地为准。",),
        ),
        ("只适用于本县。", ("《甲》：只适用于本县。",)),
    ],
)
def test_what_is_to_be_minded_is_said(caveat: str | None, said: tuple[str, ...]) -> None:
    assert noted(small_document("甲", caveat=caveat)) == said


def test_what_has_ended_is_said_with_what_took_its_place() -> None:
    old = small_document("旧办法", caveat="历史规则，不能作为依据。", **ENDED)
    new = small_document("新办法", status=DocumentStatus.PUBLISHED)
    assert noted(old) == ("《旧办法》已经失效，不能作为现在办理的依据。",)
    old.replaced_by_id = 2
    for status in (AnswerStatus.ANSWERED, AnswerStatus.EXPIRED_ONLY):
        assert noted(old, new, status=status) == ("《旧办法》已经失效，后来由《新办法》代替。",)
    assert noted(old, small_document("旧办法")) == ("《旧办法》已经失效，后来由新的版本代替。",)
    # On a day when it held, what was to come is said with its day.
    assert noted(old, new, day=date(2026, 3, 1)) == (
        "《旧办法》自2026年5月1日起由《新办法》代替。",
    )
    between = small_document("中间办法", replaced_by_id=3, **ENDED)
    assert noted(old, between, new) == (
        "《旧办法》已经失效，后来由《中间办法》代替，现在的规定见《新办法》。",
    )
    revoked = small_document(
        "旧办法", replaced_by_id=2, **ENDED | {"status": DocumentStatus.REVOKED}
    )
    assert noted(revoked, new) == ("《旧办法》已经失效，后来由《新办法》废止。",)
    expired = small_document("旧办法", expires_on=date(2026, 4, 1))
    assert noted(expired)[0].startswith("《旧办法》已经失效")


def test_the_same_is_said_once_and_no_more_than_is_read() -> None:
    caveat = "以当地为准。"
    three = [small_document(title, caveat=caveat) for title in "甲乙丙"]
    assert noted(*three, cited=2) == ("《甲》《乙》：以当地为准。",)
    assert noted(*three, cited=3) == ("《甲》《乙》等3份文件：以当地为准。",)
    many = [small_document(f"办法{n}", caveat=f"第{n}条以当地为准。") for n in range(9)]
    assert len(noted(*many, cited=9)) == MOST_NOTES
    assert noted(*three, status=AnswerStatus.NOT_IN_POLICY) == ()
