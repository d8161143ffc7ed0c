"""What was promised to learners: the ledger, what cannot be taken back, changes, the update text and the rehearsal."""
