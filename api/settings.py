"""What an operator may set: environment variables with the prefix QICHUANG_."""

import json
import os
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "QICHUANG_"
SIMULATOR = "simulator"  # in place of the address of WeChat's interface


MOST_USUAL_PROCESSES = 4


def _usual_processes() -> int:
    cores = len(os.sched_getaffinity(0))
    return min(cores, MOST_USUAL_PROCESSES) if cores > 1 else 0


class Settings(BaseSettings):
    """Every setting with its default; the README's table is tested against this class."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    data_dir: Path = Field(
        default=Path("var"), description="运行时产生的一切都放在这个目录：数据库、模型、密钥"
    )
    database_url: str = Field(
        default="",
        description="数据库地址，如 postgresql+psycopg://用户:密码@主机/库名；"
        "留空则用数据目录里的 SQLite 文件",
    )
    host: str = Field(default="127.0.0.1", description="监听地址；0.0.0.0 表示所有网卡")
    port: int = Field(default=8000, ge=0, le=65535, description="监听端口")
    answer_processes: int = Field(
        default_factory=_usual_processes,
        ge=0,
        le=64,
        description="用几个进程同时作答，默认等于处理器核数（至多 4），每个约占 0.5 GB 内存；"
        "0 表示由主进程作答",
    )
    rate_limit: int = Field(
        default=15, ge=0, description="每位访客每分钟最多发送的消息数；0 表示不限（仅用于测量）"
    )
    trusted_proxies: str = Field(
        default="",
        description="反向代理的地址，逗号分隔；只有来自它们的 X-Forwarded-For 才被采信",
    )
    metrics_token: SecretStr = Field(
        default=SecretStr(""),
        description="读取 /metrics 的令牌（Authorization: Bearer）；留空则只允许本机读取",
    )
    witness_dir: Path | None = Field(
        default=None,
        description="审计日志签名检查点的目录，最好在另一块磁盘上；留空则为数据目录下的 witness",
    )
    district: str = Field(
        default="本区", max_length=20, description="页面上显示的地区名称，如“某某区”"
    )

    require_totp: bool = Field(
        default=False,
        description="复核、签发、管理员、审计是否必须启用动态口令（1 为必须）；其他人可以自愿启用",
    )
    oidc_issuer: str = Field(
        default="",
        description="单点登录（OpenID Connect）的签发者地址，如 https://sso.example.gov.cn；留空则不用",
    )
    oidc_client_id: str = Field(default="", description="单点登录分配给本系统的客户端编号")
    oidc_client_secret: SecretStr = Field(
        default=SecretStr(""), description="单点登录分配给本系统的客户端密钥"
    )
    oidc_name: str = Field(
        default="单位统一身份认证", max_length=20, description="登录页上单点登录按钮的名称"
    )

    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>?#]+)?$",
        description="本站对外的地址，如 https://qichuang.example.gov.cn；微信答复里的链接用它，"
        "留空则不带链接",
    )
    wechat_api_url: str = Field(
        default="https://api.weixin.qq.com",
        description="微信接口的地址；用命令行的模拟器试用时改为它的地址，改为 simulator 则"
        "公众号都在工作台的模拟器里试用",
    )
    wecom_api_url: str = Field(
        default="https://qyapi.weixin.qq.com",
        pattern=r"^https?://[^\s\"'<>?#]+$",
        description="企业微信接口的地址，微信客服用它",
    )
    wechat_open_url: str = Field(
        default="https://open.weixin.qq.com",
        pattern=r"^https?://[^\s\"'<>?#]+$",
        description="微信网页授权的地址；用模拟器试用时改为模拟器的地址",
    )
    sms_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s\"'<>#]+)?$",
        description="短信网关的地址，用来发送手机验证码；"
        "留空则不发短信，验证码写进数据目录的 sms.txt，由工作人员告知",
    )
    sms_key: SecretStr = Field(
        default=SecretStr(""), description="短信网关的密钥（Authorization: Bearer）；没有就留空"
    )
    sms_template: str = Field(
        default='{"phone": "{number}", "code": "{code}"}',
        description="发给短信网关的 JSON，{number} 是手机号，{code} 是验证码",
    )
    sms_success: str = Field(
        default="", description="短信网关答复里表示成功的一段文字；留空则只看 HTTP 状态"
    )
    model_url: str = Field(
        default="",
        description="可选的语言模型，OpenAI 兼容接口的地址，如 http://127.0.0.1:8001/v1；"
        "只用来改写查到的原句，改写后逐句核对，不符就用原句；留空则不用",
    )
    model_key: SecretStr = Field(default=SecretStr(""), description="语言模型接口的密钥")
    model_name: str = Field(default="default", description="语言模型的名称")
    model_timeout_s: float = Field(
        default=3.0, gt=0, le=60, description="等待语言模型的秒数，超过就用原句"
    )

    @field_validator("data_dir")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().absolute()

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, address: str) -> str:
        if address and not address.startswith(("sqlite:///", "postgresql+psycopg://")):
            raise ValueError("须以 sqlite:/// 或 postgresql+psycopg:// 开头")
        return address

    @field_validator("sms_template")
    @classmethod
    def _sendable(cls, template: str) -> str:
        if "{number}" not in template or "{code}" not in template:
            raise ValueError("须包含 {number} 和 {code}")
        json.loads(template.replace("{number}", "1").replace("{code}", "1"))
        return template

    @model_validator(mode="after")
    def _choose_database(self) -> Self:
        if not self.database_url:
            self.database_url = f"sqlite:///{self.data_dir / 'qichuang.db'}"
        return self
