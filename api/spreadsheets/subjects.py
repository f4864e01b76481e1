"""What can be imported and exported as a spreadsheet, by the name in addresses and commands."""

from matching.mentors.spreadsheet import MENTORS
from matching.projects.spreadsheet import PROJECTS
from matching.spreadsheets.judging import Subject

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in (PROJECTS, MENTORS)}
