"""Stage 1: a file of promotional credits becomes rows, each a credit request or the reasons why it is not one.

    source    START HERE: open_source, and chunks of rows
    csv       a CSV file to rows of text, and
    workbook  a sheet to rows of text: rooms of their own, which meet in table
    columns   headers to fields
    rows      texts to credit requests: terms, money, rows

A file that cannot be trusted as a whole is refused with an `InputError`; a bad row is a value.
"""

from batch_credits.loader.source import Source, open_source

__all__ = ["Source", "open_source"]
