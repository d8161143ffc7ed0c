"""What learners were promised: the ledger, what cannot be taken back, changes, the update text and the rehearsal.

Takes facts, notes and ledgers; gives notes with their times, the next ledgers, the files of a release, and problems. Alone
knows what was released.

The trap: Anki replaces a note only by one with a later time, so what did not change must keep its time, to the second and on
every machine.
"""
