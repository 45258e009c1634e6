"""The watch over a folder: files that have stopped growing are paid one after another, each by a run of its own, and
put with their reports into `done` or `attention`.

    settings   what the operator chose
    watcher    START HERE: what happens to a file, step by step, and after a kill at any of them
    names      which files are meant, what belongs to them, and how folders are called
    sightings  whether a file has stopped growing
    folder     the folder itself: who watches it, what lies in it, and whether it is there
    jobs       what is known of each file that was taken, on this machine's own disk
    left_alone what is not taken, and was told
    taking     out of the folder, and a copy that nobody else writes
    known      whether a content was paid before, or its reference is another's
    trying     one run, and what is to be done after it
    notes      what a person is told
    putting    into `done` or `attention`, whole

A file is paid from a private copy of the bytes that were hashed. That copy, and what is known of it, are on disk before
a run begins, so a watch that is killed goes on where it was; and what was sent, the ledger alone knows.
"""
