"""What can be imported and exported as a spreadsheet, by the name in addresses and commands."""

from matching.mentor_spreadsheet import MENTORS
from matching.project_spreadsheet import PROJECTS
from matching.spreadsheet_judging import Subject

SUBJECTS: dict[str, Subject] = {subject.name: subject for subject in (PROJECTS, MENTORS)}
