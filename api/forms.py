"""Forms of the staff pages: WTForms with Chinese messages, fed from what a browser posted.

A colleague's form is a class of fields and its page two routes:

    class StreetForm(StaffForm):
        name = StringField("街道名称", [InputRequired(), Length(max=60)], description="写全称")

    @router.get("/staff/streets/new", dependencies=allow(Permission.ADMINISTRATION))
    def new_street(request: Request, account: CurrentAccount) -> Response:
        return render_staff(request, account, "street.html", form=StreetForm())

    @router.post("/staff/streets/new", dependencies=allow(Permission.ADMINISTRATION))
    def add_street(request: Request, account: CurrentAccount, posted: PostedForm, ...) -> Response:
        form = StreetForm(posted)
        if not form.validate():
            return render_staff(request, account, "street.html", 422, form=form)
        ...
        return RedirectResponse("/staff/streets?saved=1", HTTPStatus.SEE_OTHER)

The template writes `<form method="post">{{ csrf_field() }}{{ field(form.name) }}…`, both
macros from staff_macros.html. Choices are a dict of value and text (WTForms warns of
tuples). `allow` checks the token; a route needs nothing more.
"""

from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import FormData
from wtforms import Form, SelectMultipleField
from wtforms.widgets import CheckboxInput, ListWidget

from storage.database import storable

LONGEST_WORDS = 2_000


class StaffForm(Form):  # type: ignore[misc]  # WTForms has no types
    """A form of a staff page."""

    class Meta:
        """Messages in Chinese."""

        locales = ("zh",)


class _Box(CheckboxInput):  # type: ignore[misc]
    # "required" on each box would have the browser ask for all of them.
    validation_attrs = ("disabled",)


class CheckboxesField(SelectMultipleField):  # type: ignore[misc]
    """Several of a list, each with its box."""

    widget = ListWidget(prefix_label=False)
    option_widget = _Box()


def say(field: Any, message: str) -> None:
    """Put an error of the domain beside the field it is about."""
    field.errors = [*field.errors, message]


async def posted_form(request: Request) -> FormData:
    """Return the fields that were posted, without what no database can store."""
    form = await request.form()
    return FormData([(name, storable(value)) for name, value in form.multi_items()])


PostedForm = Annotated[FormData, Depends(posted_form)]


def typed(posted: FormData, name: str, most: int = LONGEST_WORDS) -> str:
    """Return what was typed into a field, "" when it is missing or a file."""
    value = posted.get(name, "")
    return value.strip()[:most] if isinstance(value, str) else ""
