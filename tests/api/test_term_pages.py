"""The installation's own words and figures: checked, saved, in use at once."""

from datetime import date

import pytest

from accounts.role import Role
from api.startup import files_state
from knowledge.eligibility.local_file import local_places, read_local_figures
from knowledge.eligibility.rulebook import LOCAL_FILE, load_rulebook
from knowledge.own_terms import load_terms
from tests.fixtures.installation import Installation
from tests.fixtures.people import add_person, sign_in


@pytest.fixture
def token(installation: Installation) -> dict[str, str]:
    person = add_person(installation.database, Role.ADMINISTRATOR)
    return {"form_token": sign_in(installation.client, installation.database, person)}


def opened(installation: Installation, token: dict[str, str]) -> dict[str, str]:
    """Return the hidden fields of a page that was opened now."""
    return token | {"state": files_state(installation.data_dir)}


def test_words_are_saved_and_in_use_without_a_restart(
    installation: Installation, token: dict[str, str]
) -> None:
    form = {"same": "担保贷款、启贷通", "everyday": "摆夜市=个体经营", "names": "雁来贷"}
    page = installation.client.post("/staff/terms", data=form | opened(installation, token))
    assert "已保存" in page.text
    assert "担保贷款、启贷通" in page.text
    terms = load_terms(installation.data_dir)
    assert terms.everyday == (("摆夜市", "个体经营"),)
    before = installation.live.current.versions["terms"]
    installation.live.refresh()
    assert installation.live.current.versions["terms"] != before
    assert "贴息" in installation.ask("启贷通有贴息吗？")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"same": "只有一个"}, "意思相同的词"),
        ({"everyday": "没有等号"}, "说法=文件里的词"),
        ({"everyday": "甲乙=丙丁\n甲乙=戊己"}, "写了两次"),
        ({"names": "太长" * 20}, "不能用的词"),
    ],
)
def test_faults_are_told_and_the_text_kept(
    installation: Installation, token: dict[str, str], form: dict[str, str], told: str
) -> None:
    page = installation.client.post("/staff/terms", data=form | opened(installation, token))
    assert page.status_code == 422
    assert told in page.text
    assert next(iter(form.values()))[:10] in page.text
    assert not (installation.data_dir / "terms.yaml").exists()


def test_two_editors_do_not_overwrite_one_another(
    installation: Installation, token: dict[str, str]
) -> None:
    late = opened(installation, token)
    installation.client.post("/staff/terms", data={"names": "雁来贷"} | late)
    page = installation.client.post("/staff/terms", data={"names": "启贷通"} | late)
    assert page.status_code == 422
    assert "有人在您打开页面之后改过" in page.text
    assert load_terms(installation.data_dir).names == ("雁来贷",)


def a_figure() -> dict[str, str]:
    place = local_places(load_rulebook())[0]
    return {
        "place": f"{place.rule}|{place.parameter}",
        "value": "5000元",
        "source": "区人社发〔2026〕3号",
        "since": "2026-01-01",
    }


def test_figures_are_added_used_and_removed(
    installation: Installation, token: dict[str, str]
) -> None:
    client = installation.client
    page = client.post("/staff/terms/parameters", data=a_figure() | token)
    assert "5000元" in page.text
    [figure] = read_local_figures(installation.data_dir)
    assert figure.since == date(2026, 1, 1)
    rules = installation.live.current.versions["rules"]
    installation.live.refresh()
    assert installation.live.current.versions["rules"] != rules
    digest = page.text.split('name="figure" value="')[1].split('"')[0]
    gone = {"figure": digest, "reason": "填错了"} | token
    assert client.post("/staff/terms/parameters/remove", data=gone).status_code == 200
    assert read_local_figures(installation.data_dir) == []
    assert client.post("/staff/terms/parameters/remove", data=gone).status_code == 422


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"value": "很多"}, "不是带单位的数"),
        ({"place": "没有|这个"}, "请选择是哪一项"),
        ({"source": " "}, "文号"),
        ({"since": ""}, "从哪一天起"),
        ({"since": "昨天"}, "日期请写成"),
        ({"until": "2025-01-01"}, "不能早于"),
    ],
)
def test_faulty_figures_are_told(
    installation: Installation, token: dict[str, str], change: dict[str, str], told: str
) -> None:
    page = installation.client.post("/staff/terms/parameters", data=a_figure() | change | token)
    assert page.status_code == 422
    assert told in page.text
    assert not (installation.data_dir / LOCAL_FILE).exists()


def test_a_broken_file_is_told(installation: Installation, token: dict[str, str]) -> None:
    (installation.data_dir / LOCAL_FILE).write_text("本地参数: [{规则: 没有}]", "utf-8")
    assert token
    assert "现在的参数文件不能用" in installation.client.get("/staff/terms/parameters").text


@pytest.mark.parametrize("role", [Role.HANDLER, Role.SIGNER])
def test_other_roles_stay_out(installation: Installation, role: Role) -> None:
    assert installation.client.get("/staff/terms").status_code == 401
    sign_in(installation.client, installation.database, add_person(installation.database, role))
    assert installation.client.get("/staff/terms").status_code == 403
    assert installation.client.get("/staff/terms/parameters").status_code == 403
