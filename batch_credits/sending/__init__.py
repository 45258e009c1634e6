"""Sending what is owed: the session of one run, its pilot, and its processes where there are several."""
