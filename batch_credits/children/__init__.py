"""Commands that are started as processes of their own, by whoever starts them: the page for finance, and the watch over
a folder.

start    a command, and what it is told
locks    one process at a time, for as long as it lives, whoever started it
files    small documents on disk, whole or not there
events   what a command says while it runs
"""
