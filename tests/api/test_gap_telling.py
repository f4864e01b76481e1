"""Who asked an open question is told over WeChat once its clause is in force."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from api.gaps.telling import tell_askers, told_of
from api.gaps.work import collect_gaps, publish_clause
from api.wechat.arrival import ArrivalKind
from api.wechat.binding import LinkProof, WeChatUser, link
from api.wechat.contact import note_contact
from api.wechat.outbox import OutboxMessage, OutboxState
from audit.log import SYSTEM
from guidance.gaps.gap import ClauseDraftText, Gap, GapState
from guidance.session import GuidanceSession
from knowledge.ingest import local_date
from tests.fixtures.installation import Installation

QUESTION = "小额担保贷款的利率是多少？"
TEXT = "小额担保贷款的年利率为3.2%，由区财政局公布。"


def test_who_asked_is_told_once_when_the_clause_is_in_force(installation: Installation) -> None:
    database, now = installation.database, datetime.now(UTC)
    installation.ask(QUESTION)
    collect_gaps(database, installation.live.current, now)
    tomorrow = local_date(now) + timedelta(days=1)
    with database.writing() as db:
        gap = db.scalars(select(Gap)).one()
        draft = ClauseDraftText("利率", TEXT, "会议纪要", tomorrow, None)
        gap.state, gap.draft_title, gap.draft_text = GapState.APPROVED, draft.title, draft.text
        gap.draft_source, gap.effective_on = draft.source, draft.effective_on
        publish_clause(db, gap.id, "本区", SYSTEM, now)
        person = db.scalars(select(GuidanceSession.person)).one()
    later = now + timedelta(days=2)
    assert tell_askers(database, later) == 0  # nobody of them is on WeChat
    with database.writing() as db:
        user = WeChatUser("district", "oAlice", "wechat:district:x")
        note_contact(db, ("district", "oAlice"), user.person, ArrivalKind.QUESTION, now)
        link(db, person, user, now, LinkProof.CODE)
    assert tell_askers(database, now) == 0  # not in force yet
    assert tell_askers(database, later) == 1
    assert tell_askers(database, later) == 0
    with database.reading() as db:
        (letter,) = db.scalars(select(OutboxMessage))
        assert letter.notice is not None
        assert letter.notice["facts"]["question"] == QUESTION
        assert letter.notice["facts"]["answer"] == TEXT
        assert letter.notice["path"] == f"/documents/{db.scalars(select(Gap)).one().document_id}"
        assert told_of(db, db.scalars(select(Gap)).one()) == {OutboxState.WAITING: 1}
