"""What is shown, as frozen values: a plan, a question, a check, the pilot, the batches, a result.

Each face renders them: the terminal as text, scripts as JSON, and a page as a page, so that all show the same. Numbers
for programs stand beside words for people; nothing here is laid out, folded or printed, and no value holds the key.
"""
