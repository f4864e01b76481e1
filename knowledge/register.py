"""Registers read off the clauses: who does what, and every statement by its clause.

Top-k retrieval may never answer "which" or "how many"; these complete lists do. They
are computed from the corpus and nothing else, so an ingested document has its duties
and figures in the register the moment it is loaded.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.corpus import Corpus
from knowledge.statement import Statement, statements_of

# How the name of a body of government, or one that works with it, ends.
_ENDS = (
    r"(?:局|委员会|委|厅|部|办公室|办|中心|小组|联合会|工会|妇联|残联|工商联|科协|政府|法院|检察院"
    r"|街道办事处|街道|社区|村委会|居委会|乡镇|部门|单位|银行|协会|窗口|专窗|大厅|服务站|机构|学校|院校|企业)"
)
# No name runs on over "局和", so that a sentence full of bodies is cut in one way only and in
# linear time; nor over 由, which parts what is done from who does it.
_BODY = (
    rf"(?:(?:(?!{_ENDS}(?:和|与|及|或)|(?<!自)由)[\u4e00-\u9fff()\uff08\uff09]){{1,20}}?{_ENDS}"
    rf"|妇联|残联|工会|工商联|科协|银行|街道办事处|街道|社区)"
)
_JOIN = r"(?:[、,\uff0c]|和|与|及|以及|会同|或者?)"
_DUTY_VERBS = (
    r"负责|牵头|主管|承担|组织|做好|落实|受理|审核|办理|审批|发放|拨付|监督|指导|协调|配合"
    r"|提供|给予|举办|制定|建立|开展|推动|引导|应当|应|要|须|可以|会同"
)
_SUBJECT = re.compile(
    rf"^(?P<bodies>{_BODY}(?:{_JOIN}{_BODY})*)(?:等[^,\uff0c。]{{0,8}}?)?"
    rf"(?:具体|统一|共同|分别|主要|依法|依照[^,\uff0c]{{1,10}}?|按照[^,\uff0c]{{1,20}}?|按[^,\uff0c]{{1,10}}?)?"
    rf"(?:{_DUTY_VERBS}|的(?:主要)?(?:职责|任务|职能))"
)
_AGENT = re.compile(
    rf"(?:由|向|到|经(?!办)|报)(?:当地|[\u4e00-\u9fff]{{0,4}}所在地?|户籍地?|本)?(?P<bodies>{_BODY}(?:{_JOIN}{_BODY})*)(?:等[^,\uff0c。]{{0,6}}?)?"
    rf"(?:及时|统一|具体|共同|依法|定期)?"
    rf"(?:负责|牵头|受理|审核|办理|审批|组织|落实|提供|处理|实施|开展|申请|提出|提交|报送|反映|投诉|举报|备案|登记|咨询|领取|确认|核实|认定|评审|发放|拨付|承担|批准)"
)
# "创业人员申办登记时，工商分局提供指导": the subject stands behind the case.
_AFTER_CASE = re.compile(
    rf"(?:时|的|后)[,\uff0c](?:由)?(?P<bodies>{_BODY}(?:{_JOIN}{_BODY})*)(?:要|应当|应)?(?:及时)?(?:{_DUTY_VERBS})"
)
# A sentence that begins so has no subject of its own and goes on with the last one.
_GOES_ON = re.compile(
    rf"(?:并|同时|还|也|另|认真|及时|积极|进一步|定期|具体|主要|设立|简化|加强|受理|对[^,\uff0c。]{{2,20}}[,\uff0c]"
    rf"|(?:{_DUTY_VERBS}))"
)
_SPLIT = re.compile(r"[、,\uff0c]|以及|会同")
# 和 also stands inside names (人力资源和社会保障局): it parts two bodies only after a whole one.
_AND = re.compile(rf"^({_BODY})(?:和|与|及)(?={_BODY}(?:$|和|与|及))")


@dataclass(frozen=True, slots=True)
class Duty:
    """A statement that names who does something."""

    departments: tuple[str, ...]
    statement: Statement


@dataclass(frozen=True)
class Register:
    """Every statement and duty of a corpus, in reading order."""

    statements: tuple[Statement, ...]
    duties: tuple[Duty, ...]
    by_clause: dict[int, tuple[Statement, ...]] = field(repr=False)
    duties_by_clause: dict[int, tuple[Duty, ...]] = field(repr=False)

    def of_documents(self, corpus: Corpus, documents: Iterable[int]) -> Iterator[Statement]:
        """Yield every statement of some documents, in reading order."""
        for document_id in documents:
            for clause in corpus.documents[document_id].clauses:
                yield from self.by_clause.get(clause.id, ())

    def departments(self, clause_id: int) -> tuple[str, ...]:
        """Return the bodies that a clause makes responsible, in reading order."""
        found: dict[str, None] = {}
        for duty in self.duties_by_clause.get(clause_id, ()):
            found.update(dict.fromkeys(duty.departments))
        return tuple(found)


def build_register(corpus: Corpus) -> Register:
    """Read every statement and duty off the clauses of a corpus."""
    by_clause: dict[int, tuple[Statement, ...]] = {}
    duties_by_clause: dict[int, tuple[Duty, ...]] = {}
    grouped: defaultdict[int, list[Statement]] = defaultdict(list)
    for document in corpus.documents.values():
        for statement in statements_of(document):
            grouped[statement.clause_id].append(statement)
    for clause_id, statements in grouped.items():
        by_clause[clause_id] = tuple(statements)
        duties = tuple(_duties(statements))
        if duties:
            duties_by_clause[clause_id] = duties
    return Register(
        statements=tuple(s for statements in by_clause.values() for s in statements),
        duties=tuple(d for duties in duties_by_clause.values() for d in duties),
        by_clause=by_clause,
        duties_by_clause=duties_by_clause,
    )


def _duties(statements: Sequence[Statement]) -> list[Duty]:
    """Find the duties of one clause; a sentence without a subject goes on with the last one."""
    duties: list[Duty] = []
    subject: tuple[str, ...] = ()
    for statement in statements:
        if statement.is_heading and not statement.text.endswith("。"):
            continue  # "1. 区财政局负责拨款。" is a duty, also where more sentences follow
        own = bodies_responsible(statement.text)
        if own:
            duties.append(Duty(own, statement))
            subject = own if _SUBJECT.match(statement.text) else ()
        elif subject and _GOES_ON.match(statement.text):
            duties.append(Duty(subject, statement))
    return duties


def bodies_responsible(sentence: str) -> tuple[str, ...]:
    """Return the bodies that a sentence makes act: as its subject, or after 由, 向, 到."""
    found: dict[str, None] = {}
    matches = [_SUBJECT.match(sentence), *_AGENT.finditer(sentence)]
    matches += _AFTER_CASE.finditer(sentence)
    for match in filter(None, matches):
        found.update(dict.fromkeys(split_bodies(match["bodies"])))
    return tuple(found)


def split_bodies(names: str) -> list[str]:
    """Split "区国税局、地税分局" into its bodies."""
    parts: list[str] = []
    for name in _SPLIT.split(names):
        while match := _AND.match(name):
            parts.append(match[1])
            name = name[match.end() :]
        if re.fullmatch(_BODY, name):
            parts.append(name)
    return parts
