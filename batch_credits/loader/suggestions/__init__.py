"""What a file seems to need to be read, found all at once. Nothing is taken without a person's yes.

    reading    START HERE: suggest, and options with what was taken
    glance     the file as rows of texts, read forgivingly
    encodings  in which encoding its words look like words
    headers    which row holds the headers, and which column is which field: by names, then by values
    names      what columns are called in the languages of finance systems
    seen       its columns, for a person to say which is which
    numbers    language, unit and currency of the amounts
"""
