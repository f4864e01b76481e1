"""The commands of qichuang."""

import sys

import typer

from api import doctor as examination
from api.accounts.commands import account_app
from api.backup_commands import backup, restore
from api.chat.commands import ask
from api.console import FAILED, load_settings, run
from api.encoder_commands import encoder_app
from api.evaluation import evaluate_app
from api.ledger.audit_commands import audit_app
from api.ledger.indicator_commands import indicators
from api.policies.commands import ingest
from api.privacy.commands import privacy_app
from api.programs.commands import mcp
from api.reports.commands import report
from api.serving import serve
from api.spreadsheets.commands import export_records, import_records
from api.wechat.console import wechat_app

app = typer.Typer(
    help="启创：区级创业服务台。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def doctor() -> None:
    """检查本机环境和数据，列出生效的设置。"""
    settings = load_settings()
    for name, value in examination.effective_settings(settings):
        typer.echo(f"  {name} = {value}")
    findings = examination.examine(settings)
    for finding in findings:
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.what}：{finding.detail}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


for command in (serve, ingest, ask, doctor, indicators, report, backup, restore, mcp):
    app.command()(command)
app.command("import")(import_records)
app.command("export")(export_records)
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(wechat_app, name="wechat")
app.add_typer(encoder_app, name="encoder")
app.add_typer(audit_app, name="audit")
app.add_typer(account_app, name="account")
app.add_typer(privacy_app, name="privacy")


def main() -> None:
    """Run the command line."""
    sys.exit(run(app))
