"""Stage 1: a file of promotional credits becomes rows, each a credit request or the reasons why it is not one.

    source    START HERE: open_source, and chunks of rows
    table     file to rows of text: csv_text, csv_scan, table (the only importer of pandas), excel
    kinds     what values do not tell of a workbook, by its format: workbook (.xlsx), ods, biff (.xls, .xlsb)
    columns   headers to fields
    rows      texts to credit requests: terms, money, rows

A file that cannot be trusted as a whole is refused with an `InputError`; a bad row is a value.
"""

from batch_credits.loader.source import Source, open_source

__all__ = ["Source", "open_source"]
