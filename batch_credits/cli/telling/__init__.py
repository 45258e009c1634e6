"""What the commands say and ask, in words or as events: all that is printed is printed here. What there is to say comes
from `views` as values.

    words, events     the two tellers of a run: for a person, or one JSON object a line
    asking            the questions, which are always in words
    check_words, check_json            a check, for both
    picture, pilot_table, result_words, totals_json, given    parts of what is said
    speech, screen    how a text reaches whoever reads it
"""
