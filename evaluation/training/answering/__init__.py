"""Training of the network that judges whether a sentence answers a question (torch needed).

`questions/` holds 7,596 questions of our own, each with every sentence that answers it, or with a
mark that none does; `documents/` the made-up policies that a part of them asks about. Nothing of
`evaluation/cases` and nothing of the public sets is learned from.
"""
