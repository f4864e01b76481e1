"""The public page of one mentor: what they help with, where and when, and how to ask for them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentSnapshot, OpenDatabase
from api.policies.validity import today
from matching.industry import division_name
from matching.mentors.facts import CATEGORY_NAMES, ORIGIN_NAMES
from matching.mentors.mentor import MentorNotFound, find_mentor
from storage.database import storable

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))


@router.get("/mentors/{code}")
def show_mentor(
    request: Request,
    code: str,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    project: Annotated[str, Query()] = "",
) -> Response:
    """Show what the public may know of a mentor in office; no phone, age or workplace."""
    with database.reading() as db:
        mentor = find_mentor(db, storable(code))
        if not mentor.serves_on(today()):
            raise MentorNotFound("这位导师现在不接受申请，请回到对话里换一位。")
        facts, introduction, slots = mentor.facts(), mentor.introduction, mentor.slots_text
    row = snapshot.offers.table.rows.get(project)
    return render(
        request,
        "mentors/mentor.html",
        mentor=facts,
        introduction=introduction,
        slots=slots,
        category=CATEGORY_NAMES[facts.category],
        origin=ORIGIN_NAMES[facts.origin],
        industries=[name for code in facts.industries if (name := division_name(code))],
        project=None if row is None else snapshot.offers.table.projects[row],
    )
