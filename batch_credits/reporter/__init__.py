"""Stage 3, the reporter: what became of every row, on disk, at any time, from the ledger alone.

    writing   START HERE: the rows, streamed once into all that is written
    tally, distribution, spread   what is counted on the way
    summary   what it came to, as values, for summary_json and page
    tables, workbook   results and failed, as CSV and as workbooks
    words     the sentences of all of them

Nothing here prints: what a run ends with is `views.result`.
"""
