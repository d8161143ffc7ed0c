"""Handouts judged by the terms of the decks: Markdown, text, HTML, office files and PDFs.

Takes files and guards; gives findings with their places, and texts with the discouraged words replaced. Alone knows how each
format gives its text, page by page, and when one term may stand in for another.

The trap: a handout comes from anywhere. What is no text is opened by foreign readers only in a process of its own (`office.py`),
with bounds in memory and time: whatever they raise, or never finish, is one line for the user.
"""
