"""“我的情况”: what was understood of a person, from which words; correct, erase, switch off."""

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.policies.validity import chinese_date
from api.recommending.profile_form import FIELDS, ProfileForm
from api.visitor import Visitor, remember
from guidance.periods.period import shanghai_day
from guidance.session import Turn
from matching.profile.entrepreneur import (
    EntrepreneurFact,
    choose_profile_use,
    facts_of,
    forget,
    known_person,
    profile_in_use,
)
from matching.profile.entrepreneur import remember as remember_facts
from matching.profile.patterns import Said
from matching.profile.profile import KEY_NAMES, fact_in_words
from matching.profile.said import find_said
from matching.recommending.feedback import REASON_NAMES
from storage.database import storable

router = APIRouter(include_in_schema=False)

ENTERED = "您自己填的"
ELIGIBILITY = "eligibility."


@dataclass(frozen=True, slots=True)
class FactLine:
    """One fact as the page shows it; `pieces` are (words it came from, whether they say it)."""

    key: str
    name: str
    value: str
    learned_on: str
    pieces: tuple[tuple[str, bool], ...]


@router.get("/me", dependencies=allow(Permission.PUBLIC))
def show_profile(
    request: Request, database: OpenDatabase, snapshot: CurrentSnapshot, visitor: CurrentVisitor
) -> Response:
    """Show everything that is known of this visitor, and let them change it."""
    with database.reading() as db:
        facts = facts_of(db, visitor.reference)
        questions = _questions(db, facts)
        declined = known_person(db, visitor.reference).declined
        in_use = profile_in_use(db, visitor.reference)
    rows = snapshot.offers.table.rows
    projects = snapshot.offers.table.projects
    response = render(
        request,
        "recommending/me.html",
        lines=[_line(fact, questions) for fact in facts if fact.key in KEY_NAMES],
        others=sum(fact.key.startswith(ELIGIBILITY) for fact in facts),
        declined=[
            (d.project_code, projects[rows[d.project_code]].title, REASON_NAMES[d.reason])
            for d in declined
            if d.project_code in rows
        ],
        in_use=in_use,
        fields=FIELDS,
        held={fact.key: fact.value["value"] for fact in facts},
    )
    remember(request, response, visitor)
    return response


def _questions(db: Session, facts: list[EntrepreneurFact]) -> dict[int, str]:
    ids = [fact.turn_id for fact in facts if fact.turn_id is not None]
    turns = db.execute(select(Turn.id, Turn.question).where(Turn.id.in_(ids)))
    return {turn.id: turn.question for turn in turns}


def _line(fact: EntrepreneurFact, questions: dict[int, str]) -> FactLine:
    words = questions.get(fact.turn_id) if fact.turn_id is not None else None
    return FactLine(
        key=fact.key,
        name=KEY_NAMES[fact.key],
        value=fact_in_words(fact.key, fact.value["value"]),
        learned_on=chinese_date(shanghai_day(fact.learned_at)),
        pieces=((ENTERED, False),) if words is None else _marked(words, fact.key),
    )


def _marked(words: str, key: str) -> tuple[tuple[str, bool], ...]:
    """Cut a message into (piece, says the fact); unmarked where its offsets do not hold."""
    found: list[Said] = [said for said in find_said(words) if said.key == key]
    pieces: list[tuple[str, bool]] = []
    at = 0
    for said in found:
        if at <= said.start < said.end <= len(words):
            pieces += [(words[at : said.start], False), (words[said.start : said.end], True)]
            at = said.end
    pieces.append((words[at:], False))
    return tuple(piece for piece in pieces if piece[0])


@router.post("/me", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def save_profile(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[ProfileForm, Form()],
) -> Response:
    """Keep what the person entered; an emptied field takes its fact back."""
    return _change(request, database, visitor, form.facts())


@router.post("/me/erase", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def erase(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    key: Annotated[str, Form()] = "",
) -> Response:
    """Erase one fact, or everything that is kept for recommending."""
    with database.writing() as db:
        forget(db, visitor.reference, storable(key) or None)
    return _back(request, visitor)


@router.post("/me/use", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def choose_use(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    in_use: Annotated[bool, Form()],
) -> Response:
    """Switch the use of the profile off or on."""
    with database.writing() as db:
        choose_profile_use(db, visitor.reference, in_use, datetime.now(UTC))
    return _back(request, visitor)


def _change(
    request: Request, database: OpenDatabase, visitor: Visitor, facts: dict[str, Any]
) -> Response:
    with database.writing() as db:
        remember_facts(db, visitor.reference, facts, None, datetime.now(UTC))
    return _back(request, visitor)


def _back(request: Request, visitor: Visitor) -> Response:
    response = RedirectResponse("/me", HTTPStatus.SEE_OTHER)
    remember(request, response, visitor)
    return response
