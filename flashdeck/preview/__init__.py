"""What learners will see, for those who have no Anki: every card with both sides as Anki draws them, on one page.

Takes a project, with mistakes or without; gives a `Preview` of plain values (`collect.py`), and of it one self-contained HTML
file (`page.py`), or that same page while the sources change (`server.py`).

The trap: whatever is of a deck (texts, templates, styles) is a stranger's. It stands in a shadow root or in a frame without an
origin, below a policy that lets only our own scripts run; and nothing that is published names a path of this machine.
"""
