"""Notices: what other machines and people are told of a command while nobody sits before it.

    notice, reasons     what is told: counts, totals and codes, never what is in a row
    message, bodies     how it reads, and the forms of it: Standard Webhooks, Slack, Teams
    targets             whom it is told
    http, mail, command the three ways to tell it
    trial               whether they would take it, without telling it
    post                who tells it, beside the run and within bounded time
    telling             what the commands call

A notice that does not arrive changes nothing but a line on stderr.
"""
