"""Every part of the edge that has addresses, in the order in which they are tried."""

from typing import Protocol

from fastapi import APIRouter

from api import assets, docs, health
from api.accounts import login_pages, own_pages, single_sign_on
from api.accounts import pages as account_pages
from api.bench import pages as bench_pages
from api.chat import feedback_pages
from api.chat import pages as chat_pages
from api.chat import routes as chat_routes
from api.gaps import contact_pages as gap_contact_pages
from api.gaps import pages as gap_pages
from api.handover import duty_pages, person_pages
from api.handover import pages as handover_pages
from api.ledger import (
    audit,
    checks,
    confirm,
    desk,
    entry,
    evidence,
    indicator_rows,
    indicators,
    mentor_work,
    periods,
    persons,
    proposals,
    returns,
    rules,
    session,
    sessions,
    sheets,
    targets,
    values,
)
from api.mentors import calls as mentoring_calls
from api.mentors import desk as mentor_desk
from api.mentors import form as mentor_form
from api.mentors import meeting as mentor_meeting
from api.mentors import need_pages as mentoring_needs
from api.mentors import own_pages as mentor_own_pages
from api.mentors import pages as mentor_pages
from api.mentors import register, request_pages, staff_pages
from api.mentors import status_pages as mentoring_status
from api.mentors import workload as mentor_workload
from api.people import merge_pages, phone_pages, wechat_login, wechat_pages
from api.people import own_account as own_wechat
from api.policies import admin as policy_admin
from api.policies import offices, reading_pages, terms
from api.policies import routes as policy_routes
from api.privacy import pages as privacy_pages
from api.privacy import restricted
from api.programs import completions
from api.projects import admin as project_admin
from api.projects import form as project_form
from api.projects import pages as project_pages
from api.projects import reports as library_reports
from api.recommending import profile_pages, weights
from api.recommending import routes as recommendation_routes
from api.reports import pages as report_pages
from api.spreadsheets import pages as spreadsheet_pages
from api.wechat import channel_pages, kf_routes, trial_pages
from api.wechat import routes as wechat_routes


class Part(Protocol):
    """A module with addresses."""

    router: APIRouter


PARTS: tuple[Part, ...] = (
    wechat_routes,  # first: Tencent waits five seconds, and every earlier address is tried
    weights,
    chat_routes,
    completions,
    policy_routes,
    health,
    docs,
    chat_pages,
    reading_pages,
    assets,
    login_pages,
    own_pages,
    account_pages,
    single_sign_on,
    own_wechat,
    phone_pages,
    wechat_pages,
    wechat_login,
    merge_pages,
    library_reports,
    privacy_pages,
    restricted,
    report_pages,
    project_form,  # before the addresses of single projects
    project_admin,
    mentor_form,  # before the addresses of single mentors
    register,
    spreadsheet_pages,
    desk,
    sessions,
    session,
    proposals,
    evidence,
    persons,
    mentor_work,
    indicators,
    indicator_rows,
    returns,
    targets,
    values,
    periods,
    checks,
    rules,
    audit,
    entry,
    sheets,
    confirm,
    kf_routes,
    person_pages,
    handover_pages,
    duty_pages,
    trial_pages,  # before the addresses of single accounts
    channel_pages,
    project_pages,
    profile_pages,
    mentor_desk,
    mentor_meeting,
    mentor_own_pages,
    mentor_pages,
    staff_pages,
    mentoring_needs,
    mentor_workload,
    mentoring_calls,
    request_pages,
    mentoring_status,
    recommendation_routes,
    feedback_pages,
    gap_contact_pages,
    gap_pages,
    bench_pages,
    policy_admin,
    terms,
    offices,
)
