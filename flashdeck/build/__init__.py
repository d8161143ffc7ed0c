"""Files become units (facts, notes, problems), and units become the facts of a project, with every check over them.

Takes files and the frame; gives `Facts`, the notes in them, and problems. Alone knows what is kept from one run to the next,
and for how long it holds.

The trap: what a unit depends on must be asked through `Answers` or `Files`, which record the question; anything else that it
looks at goes stale without a sign.
"""
