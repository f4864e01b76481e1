"""Handing over to people: which department has the matter that was spoken of."""

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, Question
from assistant.dialogue import last_topic
from assistant.draft import Draft
from assistant.lookup import Lookup
from assistant.offices import with_offices
from assistant.reading import read_question
from assistant.register_answers import add_today_names, whom_to_ask
from knowledge.knowledge_base import Knowledge


def hand_over(question: Question, knowledge: Knowledge) -> Answer:
    """Say that the question is kept, and whom to ask: the body that has the last matter.

    Where nothing was asked before, it is the body that leads the district's plan.
    """
    last = last_topic(question.history)
    topic = (last.completed_question or last.question) if last is not None else ""
    reading = read_question(topic, knowledge.names, knowledge.places, knowledge.lexicon.phrases)
    look = Lookup(reading, knowledge, question.as_of)
    duty = whom_to_ask(look)
    draft = Draft(knowledge)
    draft.say(wording.HANDOFF)
    if duty is not None:
        draft.quote_all(wording.ASK_THERE, [duty.statement])
        add_today_names(draft, duty.departments)
    return with_offices(draft.finish(AnswerStatus.HANDED_OVER, Intent.HANDOFF), look)
