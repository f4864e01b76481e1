"""Staff pages of the installation's own words and figures, effective without a restart."""

import re
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.access import Permission, allow
from api.deps import CurrentSettings, OpenDatabase
from api.input import Text, Words
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from api.startup import files_state
from audit.log import append_event
from knowledge.eligibility.local_file import (
    LocalFigure,
    local_places,
    read_local_figures,
    save_local_figures,
)
from knowledge.eligibility.quantity import read_quantity
from knowledge.eligibility.rule_file import InvalidRule
from knowledge.eligibility.rulebook import load_rulebook
from knowledge.own_terms import MAX_BYTES, BadTerms, OwnTerms, load_terms, save_terms
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.CATALOGUE))

_BETWEEN = re.compile(r"[、,\uff0c;\uff1b\s]+")
_PART_NAMES = {"same": "意思相同的词", "everyday": "群众的说法", "names": "专有名称"}
CHANGED = "有人在您打开页面之后改过，没有保存。请看下面最新的内容，再改一次。"
Long = Annotated[Text, Field(max_length=MAX_BYTES)]


class TermsForm(BaseModel):
    """The three lists as typed: one line of words, one pair, one name a line."""

    same: Long = ""
    everyday: Long = ""
    names: Long = ""
    state: Annotated[Text, Field(max_length=100)] = ""  # of the file when the page was opened

    @classmethod
    def of(cls, terms: OwnTerms, state: str) -> "TermsForm":
        """Return the lists as they are to be typed."""
        return cls(
            same="\n".join("、".join(line) for line in terms.same),
            everyday="\n".join(f"{said}={meant}" for said, meant in terms.everyday),
            names="\n".join(terms.names),
            state=state,
        )

    def read(self) -> OwnTerms:
        """Return the terms, still to be checked word by word. Raises BadTerms."""
        pairs: dict[str, str] = {}
        problems = []
        for line in _lines(self.everyday):
            said, sign, meant = line.replace("\uff1d", "=").partition("=")
            if not sign or not said.strip() or not meant.strip():
                problems.append(f"“{line[:20]}”请写成“说法=文件里的词”。")
            elif said.strip() in pairs:
                problems.append(f"“{said.strip()[:20]}”写了两次。")
            pairs[said.strip()] = meant.strip()
        if problems:
            raise BadTerms(problems)
        return OwnTerms(
            same=tuple(tuple(dict.fromkeys(_words(line))) for line in _lines(self.same)),
            everyday=tuple(pairs.items()),
            names=tuple(
                dict.fromkeys(name for line in _lines(self.names) for name in _words(line))
            ),
        )


class FigureForm(BaseModel):
    """One local figure as typed."""

    place: Annotated[Text, Field(max_length=200)] = ""  # rule|parameter
    value: Annotated[Text, Field(max_length=40)] = ""
    source: Annotated[Text, Field(max_length=200)] = ""
    since: Annotated[Text, Field(max_length=20)] = ""
    until: Annotated[Text, Field(max_length=20)] = ""

    def read(self) -> LocalFigure:
        """Return the figure. Raises InvalidRule."""
        rule, _, parameter = self.place.partition("|")
        if not any(
            (place.rule, place.parameter) == (rule, parameter)
            for place in local_places(load_rulebook())
        ):
            raise InvalidRule("请选择是哪一项参数。")
        try:
            read_quantity(self.value)
        except ValueError as error:
            raise InvalidRule(f"{error}。") from error
        since, until = _day(self.since), _day(self.until)
        return LocalFigure(rule, parameter, self.value.strip(), self.source.strip(), since, until)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _words(line: str) -> list[str]:
    return [word for word in _BETWEEN.split(line) if word]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise InvalidRule("日期请写成2026-01-31的样子。") from error


@router.get("/staff/terms")
def show_terms(request: Request, settings: CurrentSettings, account: CurrentAccount) -> Response:
    """Show the own words to be changed."""
    return _terms_page(request, settings.data_dir, account)


@router.post("/staff/terms")
def post_terms(
    request: Request,
    settings: CurrentSettings,
    database: OpenDatabase,
    account: CurrentAccount,
    form: Annotated[TermsForm, Form()],
) -> Response:
    """Check and write the words; the service reads them within seconds."""
    if form.state != files_state(settings.data_dir):
        return _terms_page(request, settings.data_dir, account, problems=[CHANGED])
    try:
        terms = form.read()
        save_terms(settings.data_dir, terms)
    except BadTerms as error:
        told = [_spoken(problem) for problem in error.problems]
        return _terms_page(request, settings.data_dir, account, form=form, problems=told)
    counts = {name: len(getattr(terms, name)) for name in _PART_NAMES}
    _note(database, account, "terms.changed", {**counts, "digest": terms.digest})
    return RedirectResponse("/staff/terms?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/staff/terms/parameters")
def show_parameters(
    request: Request, settings: CurrentSettings, account: CurrentAccount
) -> Response:
    """Show the local figures that rules compute with."""
    return _figures_page(request, settings.data_dir, account)


@router.post("/staff/terms/parameters")
def post_figure(
    request: Request,
    settings: CurrentSettings,
    database: OpenDatabase,
    account: CurrentAccount,
    form: Annotated[FigureForm, Form()],
) -> Response:
    """Add a figure; of two for the same day the later one in the list counts."""
    try:
        figure = form.read()
        figures = [*read_local_figures(settings.data_dir), figure]
        save_local_figures(settings.data_dir, figures)
    except InvalidRule as error:
        return _figures_page(request, settings.data_dir, account, form=form, refused=str(error))
    _note(database, account, "parameter.added", _told(figure))
    return RedirectResponse("/staff/terms/parameters?saved=1", HTTPStatus.SEE_OTHER)


@router.post("/staff/terms/parameters/remove")
def post_removal(
    request: Request,
    settings: CurrentSettings,
    database: OpenDatabase,
    account: CurrentAccount,
    figure: Annotated[str, Form(max_length=64)] = "",
    reason: Words = "",
) -> Response:
    """Take a figure out, named by its digest: a row number may be another's by now."""
    try:
        figures = read_local_figures(settings.data_dir)
        gone = next((one for one in figures if _digest(one) == figure), None)
        if gone is None:
            raise InvalidRule("这一行已经被改动，请重新选择。")
        if not reason.strip():
            raise InvalidRule("请写明理由。")
        save_local_figures(settings.data_dir, [one for one in figures if one is not gone])
    except InvalidRule as error:
        return _figures_page(request, settings.data_dir, account, refused=str(error))
    _note(database, account, "parameter.removed", _told(gone), reason.strip())
    return RedirectResponse("/staff/terms/parameters?saved=1", HTTPStatus.SEE_OTHER)


def _terms_page(
    request: Request,
    data_dir: FilePath,
    account: SignedIn,
    form: TermsForm | None = None,
    problems: list[str] | None = None,
) -> Response:
    found = list(problems or [])
    try:
        terms = load_terms(data_dir)
    except BadTerms as error:
        found += ["现在的用词文件不能用，回答里没有用它：", *map(_spoken, error.problems)]
        terms = OwnTerms()
    return render_staff(
        request,
        account,
        "policies/terms.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK,
        form=form or TermsForm.of(terms, files_state(data_dir)),
        problems=found,
    )


def _figures_page(
    request: Request,
    data_dir: FilePath,
    account: SignedIn,
    form: FigureForm | None = None,
    refused: str = "",
) -> Response:
    broken = ""
    try:
        figures = read_local_figures(data_dir)
    except InvalidRule as error:
        figures, broken = [], f"现在的参数文件不能用，回答里没有用它：{error}"
    places = local_places(load_rulebook())
    names = {(place.rule, place.parameter): place.rule_name for place in places}
    return render_staff(
        request,
        account,
        "policies/parameters.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if refused else HTTPStatus.OK,
        figures=[(one, names.get((one.rule, one.parameter), ""), _digest(one)) for one in figures],
        places=places,
        form=form or FigureForm(since=today().isoformat()),
        refused=refused or broken,
    )


def _note(
    database: Database,
    account: SignedIn,
    action: str,
    details: dict[str, Any],
    reason: str = "",
) -> None:
    with database.writing() as db:
        append_event(db, action, "settings:terms", account.actor, details, reason)


def _told(figure: LocalFigure) -> dict[str, str]:
    return {name: str(value or "") for name, value in asdict(figure).items()}


def _digest(figure: LocalFigure) -> str:
    return sha256(repr(figure).encode()).hexdigest()[:32]


def _spoken(problem: str) -> str:
    """Call the parts of the file what the page calls them."""
    for part, name in _PART_NAMES.items():
        problem = problem.replace(part, name)
    return problem
