"""The page for finance: a face on the same commands, for people who do not live in a terminal.

No rule about money lives here: what it starts are child processes of this command, and what it shows they and the
ledger have said.

    settings   what the operator of the server chose
    pages      START HERE: what each page shows, as values; parts, what several of them show
    words      what became of a row, as finance says it
    rendering  those values to HTML; templates/ and static/ hold how it looks
    door/      who may come in and what a request may hold
    desk/      uploads, what is known of them, and the child processes that check and send
    handlers/  a request to one of these pages, or to an act and a redirect
    routes     which address is whose
    server     all of it put together
"""
