"""A CSV file as a table of texts.

    text    bytes to text: the encoding, gzip, the hash of what was read, a bound on every line
    delimiter   what separates the columns, by the header line
    scan    one pass before anything is believed: is it a table, whole, and the same to every reader?
    ragged  a row that has more or fewer cells than the header: is anything of it lost?
    table   the rows, as pandas reads them, if they are still those of the scan

What the scan refuses is refused with an `InputError`, so the two readers agree on all that is left.
"""
