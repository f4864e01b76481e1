"""Which statements of the policies bear on a question, and how well."""

import re
from dataclasses import dataclass
from datetime import date

from assistant import patterns
from assistant.asked import Asked
from assistant.reading import Reading
from knowledge.document import Clause, Level
from knowledge.figure import FigureKind
from knowledge.knowledge_base import Knowledge, introduces
from knowledge.statement import Statement
from knowledge.tokenizer import topic_share

PASSING_SHARE = 0.5  # verbs and function words alone make no topic
SHORTEST = 8  # characters of a statement that can say something
SEARCH_DEPTH = 40  # clauses taken from retrieval
MAX_COMPARED = 3_000  # sentences that are all compared in meaning
NEAR_IN_MEANING = 20
DEPTH_OF_A_PLACE = 500  # before those of other places are left out
CONTEXT_SHARE = 0.75  # a topic word in the headings counts less than in the sentence itself
BACKGROUND_SHARE = 0.35  # a word taken over from the last turn
NEIGHBOUR_SHARE = 0.5  # and less again elsewhere in the clause

NEARNESS_WEIGHT = 0.12
TOPIC_NEARNESS = 0.12
HEADING_PENALTY = 0.3
LEADS_IN_BONUS = 0.4
SAYS_WHAT_BONUS = 0.25
OWN_DISTRICT_BONUS = 0.15
# Statements about the document itself answer only questions about documents.
_IS_OR_HAS = r"[,\uff0c]?(?:包括|是指|指的是|是|主要有|有|分为|为)"
_SOURCE_NOTE = re.compile(
    r"依据(?:的)?文件|文号|发文机关|(?:文件|通知|公告)[^。]{0,6}(?:印发|发布|公布)|规则自[^。]{4,14}起施行"
)

_DENIES = re.compile(r"不|除外|停止|取消|禁止|退回|追回|终止")
_ENUMERATED = frozenset({Asked.LIST, Asked.MATERIALS, Asked.PROCEDURE, Asked.CONDITION})
_ASKS_SOURCE = re.compile(
    rf"{_SOURCE_NOTE.pattern}|[施实]行|实施|生效|哪个?文件|什么文件|几号文|发文|颁布|出台|公布|发布|哪年的"
)

# What a sentence must hold to answer what is asked, where no figure can tell.
_FILLERS: dict[Asked, re.Pattern[str]] = {
    Asked.PHONE: re.compile(r"\d{3,4}-?\d{7,8}|(?<!\d)(?:1\d{4}|9\d{4}|1[3-9]\d{9})(?!\d)"),
    Asked.HOURS: re.compile(
        r"\d\s*[::\uff1a]\s*\d\d|[上下]午|周[一二三四五六日末]|星期|工作日(?:上|办)|\d+点|24小时"
    ),
    Asked.WEBSITE: re.compile(r"www\.|https?:|公众号|小程序|网址是|APP"),
    Asked.ADDRESS: re.compile(r"(?:路|街|大道|巷)\d+号|\d+号楼|\d+楼|地址|设在|位于|地点"),
    Asked.MATERIALS: re.compile(
        r"(?:材料|证件|资料|手续)[:\uff1a]$|(?:提交|提供|携带|出示|凭|持|需要|准备|包括|材料[:\uff1a有为])[^。]*"
        r"(?:身份证|证明|复印件|申请书|申请表|合同|执照|户口|照片|登记证|创业证|失业证|证书|计划书|协议|凭证|材料)"
    ),
    Asked.CONDITION: re.compile(
        r"条件|要求|应当|须|以上|以下|以内|符合|满足|才能|不得|限于|达到|面向|下列|要是|要先|要在|要没有|范围|持有?注|对象|优先|可以|是指|指的是|包括|不受"
    ),
    Asked.REASON: re.compile(
        r"为了|以便|以?避免|防止|因为|由于|目的|旨在|是因|以(?:鼓励|激励|提高|促进|保障|充实|解决)|原因|有利于|确保|不再要求|就是"
    ),
    Asked.DONE: re.compile(r"(?!)"),  # nothing: policies set targets, results stand elsewhere
    Asked.PROCEDURE: re.compile(
        r"申请|申报|受理|审核|审查|办理|提交|流程|步骤|程序|窗口|登记|推荐|报名|开设|提供|建立|通过|方式|发放|享受|制定|给予|按照|组织|可以"
    ),
    Asked.LIST: re.compile(r"、[^、]+、|[:\uff1a]$|下列|以下|如下"),
    Asked.DEFINITION: re.compile(
        r"是指|指的是|[,\uff0c]?是[^。]{4,}|(?<!不)包括|反映|称为|即|、[^、]+、"
    ),
    Asked.NAME: re.compile(
        r"名为|名称|称为|叫做|姓名|“[^”]+”|现在是|担任|兼任|长是|改称|更名|改为|现称|简称|统称|合并为"
    ),
}
# All, half or nothing of a sum, said without a figure.
_SHARE_IN_WORDS = re.compile(r"减半|[一各]半|半数|半价|全额|全免|免征|免收|免缴|免交|免费|不收费")
_GRANT = re.compile(
    r"(?:%|分之.)[^,\uff0c。]{0,6}(?:补|贴|奖|减|免|扣|收)|(?:补|贴|奖|减|免|扣)[^。]{0,16}(?:%|分之)"
    r"|(?:额度|限额|上浮|提高|不超过|最高|上限)[^。;\uff1b]{0,24}%"
)
_SHARE_OF_STAFF = re.compile(r"(?:招用|职工|人数|人员)[^。]{0,24}(?:%|分之)")
_RECURRING = r"每(?:个)?季度|每年|每月|每周|每半年"
_TIME_WORDS = {
    Asked.DURATION: re.compile(rf"{_RECURRING}|有效期|执行到|当场|即时|随时"),
    Asked.DATE: re.compile(rf"{_RECURRING}|年底|月底|季度末|年终|之日|当年"),
}
_INTEREST_RATE = re.compile(
    r"(?![^。;\uff1b]*\d[^。;\uff1b]{0,6}贴息)利率[^,\uff0c。的]{0,12}?(?:\d|LPR|基准)"
    r"|年息|月息|LPR[^。]{0,6}\d"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """A statement that may answer the question.

    `coverage`: share of the topic's word weight it holds, its headings included, 0 to 1.
    `nearness`: how much nearer in meaning than usual, in standard deviations.
    `fills`: whether it holds the kind of content asked for.
    """

    statement: Statement
    clause: Clause
    coverage: float
    nearness: float
    fills: bool
    score: float
    topic: float  # how near it is to the topic, whatever kind of content it holds
    context: str  # the statement with its clause and headings


def gather_evidence(reading: Reading, knowledge: Knowledge, as_of: date) -> list[Evidence]:
    """Find and rank the statements that bear on a question, best first; deterministic."""
    places = places_named(reading.text, knowledge)
    depth = DEPTH_OF_A_PLACE if places else SEARCH_DEPTH
    hits = list(knowledge.search(reading.text, depth, as_of))
    if places:
        clauses = knowledge.corpus.clauses
        hits = [h for h in hits if clauses[h.clause_id].document_id in places][:SEARCH_DEPTH]
    if not hits:
        return []
    best, least = hits[0].score, hits[-1].score
    closeness = {h.clause_id: (h.score - least) / ((best - least) or 1.0) for h in hits}
    statements = [
        statement
        for clause_id in closeness
        for statement in knowledge.register.by_clause.get(clause_id, ())
        if len(statement.text) >= SHORTEST
    ]
    texts = [statement.text for statement in statements]
    nearness = dict(zip(texts, knowledge.meaning.nearness(reading.text, texts), strict=True))
    found = [
        _weigh(s, reading, knowledge, closeness[s.clause_id], float(nearness[s.text]))
        for s in statements
    ]
    return sorted(found, key=lambda e: (-e.score, e.statement.document_id, e.statement.start))


def nearest_evidence(
    reading: Reading, knowledge: Knowledge, documents: frozenset[int]
) -> list[Evidence]:
    """Return the sentences nearest in meaning that hold the kind of content asked for.

    A search ranks clauses; the one sentence of a long clause that answers may stand behind.
    Empty where documents are so many that not every sentence can be compared.
    """
    if len(knowledge.register.statements) > MAX_COMPARED:
        return []
    statements = [
        s
        for s in knowledge.register.statements
        if s.document_id in documents and not s.is_heading
        if _fills(reading, s) and not is_note(s)
    ]
    return _nearest(statements, reading, knowledge)


def nearest_of_all(
    reading: Reading, knowledge: Knowledge, documents: frozenset[int]
) -> list[Evidence]:
    """Return the sentences nearest in meaning, whatever they hold.

    Empty where documents are so many that not every sentence can be compared.
    """
    if len(knowledge.register.statements) > MAX_COMPARED:
        return []
    statements = [
        s for s in knowledge.register.statements if s.document_id in documents and not s.is_heading
    ]
    return _nearest(statements, reading, knowledge)


def _nearest(statements: list[Statement], reading: Reading, knowledge: Knowledge) -> list[Evidence]:
    nearness = knowledge.meaning.nearness(reading.text, [s.text for s in statements])
    best = sorted(range(len(statements)), key=lambda i: (-float(nearness[i]), i))[:NEAR_IN_MEANING]
    return [_weigh(statements[i], reading, knowledge, 0.0, float(nearness[i])) for i in best]


def _fills(reading: Reading, statement: Statement) -> bool:
    return any(holds_asked(kind, statement) for kind in (reading.asked, *reading.also))


def _weigh(
    statement: Statement, reading: Reading, knowledge: Knowledge, closeness: float, nearness: float
) -> Evidence:
    clause = knowledge.corpus.clauses[statement.clause_id]
    coverage = topic_coverage(reading, statement, clause, knowledge)
    fills = _fills(reading, statement)
    score = coverage + 0.5 * closeness + NEARNESS_WEIGHT * nearness + (0.4 if fills else 0.0)
    if reading.asked in (Asked.DEFINITION, Asked.LIST) and _says_what(statement, reading):
        score += SAYS_WHAT_BONUS
    if reading.asked in _ENUMERATED and introduces(statement):
        own = knowledge.lexicon.coverage(reading.terms, statement.text)
        score += LEADS_IN_BONUS * own
    if statement.is_heading:
        score -= HEADING_PENALTY
    if is_note(statement) and not _ASKS_SOURCE.search(reading.text):
        score -= HEADING_PENALTY
    if patterns.NEGATIVE.search(reading.text) and not _DENIES.search(statement.text):
        score -= HEADING_PENALTY
    if is_own_district(clause, knowledge):
        score += OWN_DISTRICT_BONUS
    context = f"{knowledge.heading_path(clause)}\n{clause.text}"
    topic = coverage + TOPIC_NEARNESS * nearness
    return Evidence(statement, clause, coverage, nearness, fills, score, topic, context)


def is_own_district(clause: Clause, knowledge: Knowledge) -> bool:
    """Whether a clause stands in a document of the district itself."""
    return knowledge.corpus.document_of(clause).level is Level.DISTRICT


def places_named(text: str, knowledge: Knowledge) -> frozenset[int]:
    """Return the documents of the places that a text names; empty where it names none.

    Another county's rules are no answer about this one.
    """
    named = (ids for place, ids in knowledge.places.items() if place in text)
    return frozenset().union(*named)


def _says_what(statement: Statement, reading: Reading) -> bool:
    """Whether a statement says right behind a topic word what that is or what it has."""
    topic = "|".join(map(re.escape, reading.terms))
    return bool(topic) and re.search(rf"(?:{topic}){_IS_OR_HAS}", statement.text) is not None


def is_note(statement: Statement) -> bool:
    """Whether a statement is about the document itself: its number, its issuer."""
    return _SOURCE_NOTE.search(statement.text) is not None


def known_topic(reading: Reading, knowledge: Knowledge) -> bool:
    """Whether any word that can be a topic of its own is one that the policies use."""
    return any(
        len(term) > 1 and knowledge.lexicon.relates(term) and topic_share(term) > PASSING_SHARE
        for term in (*reading.terms, *reading.background)
    )


def topic_coverage(
    reading: Reading, statement: Statement, clause: Clause, knowledge: Knowledge
) -> float:
    """Return the share of the topic's weight that a statement and its context hold, 0 to 1."""
    lexicon = knowledge.lexicon
    headings = knowledge.heading_path(clause)
    total = held = 0.0
    for term in (*reading.terms, *reading.background):
        weight = lexicon.weight(term) * (1.0 if term in reading.terms else BACKGROUND_SHARE)
        total += weight
        share = lexicon.found(term, statement.text)
        if share < CONTEXT_SHARE:
            share = max(share, CONTEXT_SHARE * lexicon.found(term, headings))
        if share < NEIGHBOUR_SHARE:
            share = max(share, NEIGHBOUR_SHARE * lexicon.found(term, clause.text))
        held += weight * share
    return held / total if total else 0.0


def holds_asked(asked: Asked, statement: Statement) -> bool:
    """Whether a statement holds the kind of content that a question asks for."""
    reading = Reading("", asked, ())
    if asked in _TIME_WORDS and _TIME_WORDS[asked].search(statement.text):
        return True
    if asked is Asked.INTEREST:
        return _INTEREST_RATE.search(statement.text) is not None
    if asked in (Asked.MONEY, Asked.SHARE) and _SHARE_IN_WORDS.search(statement.text):
        return True
    if reading.figure_kinds:
        kinds = {figure.kind for figure in statement.figures}
        if asked is Asked.MONEY and FigureKind.MONEY not in kinds:
            # "补多少" may be answered by a share: 按实际缴费的三分之二补贴
            return FigureKind.SHARE in kinds and _GRANT.search(statement.text) is not None
        if asked is Asked.PEOPLE and not kinds & reading.figure_kinds:
            return _SHARE_OF_STAFF.search(statement.text) is not None
        return bool(kinds & reading.figure_kinds)
    filler = _FILLERS.get(asked)
    return filler is None or filler.search(statement.text) is not None
