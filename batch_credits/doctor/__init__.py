"""What a first run could fail on, and what to do about it: each thing that is looked at is a sign, whatever is broken.

signs     what was found of one thing: good, a warning, or bad
machine   the program, this machine and its terminal
places    folders: whether they can be written, and what is free
key       the API key, as far as it can be seen without using it
ledger    the ledger, without holding it or changing it
limits    how fast it is asked, and what that needs
site      the questions to the site: nothing is sent
"""
