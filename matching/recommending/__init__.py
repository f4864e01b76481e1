"""Projects and mentors for a person: rules, score, reasons, what became of it."""
