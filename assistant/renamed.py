"""What is called otherwise today: the sentence that says so stands with the older name."""

import re

from assistant.answer import Answer, AnswerStatus
from assistant.draft import Draft
from assistant.lookup import Lookup

_RENAMES = ("改称", "更名为", "改名为")
_OLD = re.compile(
    rf"([\u4e00-\u9fff]{{4,10}}?)(?:[,\uff0c](?:从|自)?[\d年月日起]{{2,14}})?(?:已)?(?:{'|'.join(_RENAMES)})([\u4e00-\u9fff]{{4,12}})"
)
_ANSWERED = (AnswerStatus.ANSWERED, AnswerStatus.PARTLY_ANSWERED)


def name_of_today(answer: Answer, look: Lookup) -> Answer | None:
    """Return the sentences in force that rename what an answer calls by its older name, or None."""
    if answer.status not in _ANSWERED:
        return None
    cited = [sentence.text for sentence in answer.sentences if sentence.citations]
    said = "".join(cited[:1])  # what is shown beside it need not be explained
    draft = Draft(look.knowledge)
    for statement in look.knowledge.finder.statements_with(_RENAMES):
        match = _OLD.search(statement.text)
        if match is None or statement.document_id not in look.documents:
            continue
        old = match[1].rpartition("的")[2]
        if old in said and match[2] not in said:
            draft.quote(statement)
    return draft.finish(answer.status, answer.intent) if len(draft) else None
