"""A sheet of a workbook as a table of texts.

    kinds      by suffix: how a file is judged before it is opened, and what is looked for inside
    xlsx, xlsb, xls, ods   one format each; those that are archives share archive, relations and xml
    plain_rows  which rows of an .xlsx need no parsing
    xml, compound   the borders to expat and olefile: both bounded, whatever a hostile file holds
    marks      what they find: errors, truth values, what is hidden
    calamine   the border to the library that reads the values of all of them
    cells      a value to its one exact text, or to the flaw that rejects its row
    sheets     which sheet is read: never a hidden one by itself, never one of several
    table      values and marks put together: the rows

What cannot be trusted as a whole is refused with an `InputError`; a cell that cannot be trusted is a flaw of its row.
"""
