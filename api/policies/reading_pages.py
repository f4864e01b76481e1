"""The pages to read: policy documents, clauses, whom to contact, privacy; and the themes."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.chat.pages import new_message_id, render
from api.chat.thread import current_conversation
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.policies.routes import find_clause, find_document, ordered_documents
from api.policies.validity import Validity, today, validity_in
from knowledge.corpus import Corpus
from knowledge.department import find_department
from knowledge.document import LEVEL_NAMES, Clause, ClauseKind
from knowledge.office import OfficeFacts, load_offices
from knowledge.register import Register

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))

THEME_COOKIE = "qichuang_theme"
THEME_SECONDS = 365 * 24 * 3600
THEMES = {"standard": "标准", "elder": "长辈版", "dark": "深色"}


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """One responsible body: its name in the documents and today, and one duty as an example."""

    name: str
    today: str | None
    duty: str
    clause_id: int
    offices: tuple[OfficeFacts, ...] = ()


@router.get("/documents")
def show_documents(request: Request, snapshot: CurrentSnapshot) -> Response:
    """List the policies of the knowledge base with their validity today."""
    day = today()
    documents = [(d, validity_in(snapshot.corpus, d, day)) for d in ordered_documents(snapshot)]
    return render(
        request,
        "policies/documents.html",
        current=[(d, note) for d, note in documents if note.state is Validity.IN_FORCE],
        others=[(d, note) for d, note in documents if note.state is not Validity.IN_FORCE],
        levels=LEVEL_NAMES,
    )


@router.get("/documents/{document_id}")
def show_document(request: Request, document_id: int, snapshot: CurrentSnapshot) -> Response:
    """Show a whole document, clause by clause, each with its anchor."""
    document = find_document(snapshot.corpus, document_id)
    validity = validity_in(snapshot.corpus, document, today())
    contents = [c for c in document.clauses if c.kind is ClauseKind.HEADING and c.depth == 1]
    return render(
        request,
        "policies/document.html",
        document=document,
        validity=validity,
        contents=contents,
        levels=LEVEL_NAMES,
    )


@router.get("/clauses/{clause_id}")
def show_clause(
    request: Request,
    clause_id: int,
    snapshot: CurrentSnapshot,
    start: Annotated[int, Query()] = 0,
    end: Annotated[int, Query()] = 0,
) -> Response:
    """Show one clause with the quoted span marked, what it stands under, and its neighbours."""
    corpus = snapshot.corpus
    clause = find_clause(corpus, clause_id)
    document = corpus.document_of(clause)
    before, after = _neighbours(corpus, clause)
    return render(
        request,
        "policies/clause.html",
        clause=clause,
        document=document,
        validity=validity_in(corpus, document, today()),
        parts=marked_parts(clause, start, end),
        ancestors=corpus.ancestors(clause),
        below=corpus.subtree(clause)[1:],
        before=before,
        after=after,
        levels=LEVEL_NAMES,
    )


def marked_parts(clause: Clause, start: int, end: int) -> list[tuple[str, bool]]:
    """Cut a clause's text into (piece, is marked); offsets count in the document's text."""
    begin = min(max(start - clause.start, 0), len(clause.text))
    stop = min(max(end - clause.start, begin), len(clause.text))
    text = clause.text
    pieces = [(text[:begin], False), (text[begin:stop], True), (text[stop:], False)]
    pieces[0] = (pieces[0][0].lstrip("\n"), False)
    pieces[2] = (pieces[2][0].rstrip(), False)
    return [(piece, marked) for piece, marked in pieces if piece]


def _neighbours(corpus: Corpus, clause: Clause) -> tuple[Clause | None, Clause | None]:
    clauses = corpus.document_of(clause).clauses
    at = clause.position
    before = clauses[at - 1] if at > 0 else None
    return before, clauses[at + 1] if at + 1 < len(clauses) else None


@router.get("/contact")
def show_contact(
    request: Request, snapshot: CurrentSnapshot, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """Say honestly what help there is, which department does what, and where it is."""
    day = today()
    with database.reading() as db:
        offices = load_offices(db)
        running = current_conversation(db, visitor.reference, datetime.now(UTC))
    departments = [
        replace(line, offices=tuple(offices.of(line.name, day)))
        for line in responsible_departments(snapshot.register, snapshot.corpus.valid_documents(day))
    ]
    listed = {office.number for line in departments for office in line.offices}
    others = [office for office in offices.on(day) if office.number not in listed]
    return render(
        request,
        "contact.html",
        departments=departments,
        others=others,
        conversation_id=running or "",
        message_id=new_message_id(),
    )


def responsible_departments(register: Register, documents: frozenset[int]) -> list[DepartmentLine]:
    """Return each known department with the first duty that a document in force gives it."""
    found: dict[str, DepartmentLine] = {}
    for duty in register.duties:
        if duty.statement.document_id not in documents:
            continue
        for name in duty.departments:
            department = find_department(name)
            if department is None or department.name in found:
                continue
            renamed = department.today if department.renamed else None
            found[department.name] = DepartmentLine(
                department.name, renamed, duty.statement.text, duty.statement.clause_id
            )
    return list(found.values())


@router.get("/privacy")
def show_privacy(request: Request) -> Response:
    """Say what is kept, why and for how long."""
    return render(request, "privacy.html")


@router.post("/theme", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def choose_theme(
    theme: Annotated[Literal["standard", "elder", "dark"], Form()],
    back: Annotated[str, Form()] = "/",
) -> Response:
    """Remember how pages look in this browser and go back to where the choice was made."""
    response = RedirectResponse(local_path(back), HTTPStatus.SEE_OTHER)
    response.set_cookie(THEME_COOKIE, theme, max_age=THEME_SECONDS, httponly=True, samesite="lax")
    return response


def local_path(path: str) -> str:
    """Return a path of this site, "/" for anything that could lead elsewhere."""
    inside = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if inside and path.isprintable() else "/"
