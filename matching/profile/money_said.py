"""The money of one's own that a message names, told apart from loans, rents and prices."""

import re

from matching.profile.amount import Amount, find_amounts
from matching.profile.patterns import PATTERNS, Said, clause_after, clause_before, somebody_elses

_CORRECTED = re.compile(r"(?:不是|不止|没有?|错了|不对)[^,。]{1,10}[,。]?(?:而?是|有|应该是|改成)$")
_RIGHT_ONLY = re.compile(r"^(?:.{0,2}(?:是|有|大概|大约|差不多|就|也就|只|才|最多|顶多))?$")
_SHORT_OF_MONEY = re.compile(r"(?:钱(?:不多|少|紧|有限)|没(?:什么|多少|啥)?钱|小本|本钱少)$")
MOST_YUAN = 1_000_000_000


def money_said(text: str) -> list[Said]:
    """Find the sums that the writer can spend. `text` is normalised."""
    found: list[Said] = []
    amounts = [a for a in find_amounts(text) if not a.is_area and a.value <= MOST_YUAN]
    if not amounts and (match := PATTERNS.money["nothing"].search(text)):
        if not somebody_elses(clause_before(text, match.start())):
            found.append(Said("budget_yuan", 0, match.start(), match.end()))
        return found
    for amount in amounts:
        before, after = clause_before(text, amount.start), clause_after(text, amount.end)
        if re.search(r"不(?:是|止|到)$", before):
            continue
        corrects = _CORRECTED.search(text[: amount.start]) is not None
        if corrects or _is_own(text, amount, before, after):
            value = int(amount.value)
            found.append(Said("budget_yuan", value, amount.start, amount.end, needs_known=corrects))
    return found


def _is_own(text: str, amount: Amount, before: str, after: str) -> bool:
    money = PATTERNS.money
    if money["not_own_after"].search(after) or somebody_elses(before):
        return False
    strong, foreign = _last(money["own_strong"], before), _last(money["not_own"], before)
    if foreign <= strong and money["own_after"].search(after):
        return True
    if strong >= 0 or foreign >= 0:
        return strong > foreign
    if money["own"].search(before):
        return True
    # 钱不多,两三千块: the clause before says what the sum is.
    earlier = clause_before(text, max(amount.start - len(before) - 1, 0))
    return bool(_RIGHT_ONLY.match(before)) and (
        bool(_SHORT_OF_MONEY.search(earlier))
        or (_last(money["own_strong"], earlier) > _last(money["not_own"], earlier))
    )


def _last(pattern: re.Pattern[str], text: str) -> int:
    """Return where the last match ends, -1 without one."""
    return max((match.end() for match in pattern.finditer(text)), default=-1)
