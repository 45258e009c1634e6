"""What the commands say and ask, in words or as events: all that is printed is printed here.

    words, events     the two tellers of a run: for a person, or one JSON object a line
    asking            the questions, which are always in words
    before            what is known when a question is asked, as values
    picture, pilot_table, check_json, given    parts of what is shown
    speech, screen    how a text reaches whoever reads it
"""
