"""Stage 1: a file of promotional credits becomes rows, each a credit request or the reasons why it is not one.

    opening   START HERE: open_source, or all that a file needs to be read
    source    a file that is accepted as a whole, and chunks of its rows
    csv       a CSV file to rows of text, and
    workbook  a sheet to rows of text: rooms of their own, which meet in table
    columns   headers to fields
    suggestions   what a file that is not clear seems to need, for a person to say yes to
    rows      texts to credit requests: terms, money, rows

A file that cannot be trusted as a whole is refused with an `InputError`; a bad row is a value.
"""
