"""What the page knows and does: uploads, the checks and runs that child processes do for it, and what became of them.

children   the commands that are started, and what they are told
uploads    files that came through the page, each in a folder of the server's name
checks     what `check` said of an upload
jobs       `run` and `reverse`: started, found again, told to stop, listened to
results    what became of a batch: from its summary.json, which is renewed where the ledger knows more
tables     rows of a batch's reports, a page at a time
"""
