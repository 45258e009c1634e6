"""Four eyes: an order that somebody seals, somebody else signs, and a run holds its file against.

    order       what is to be paid, sealed: any other byte of it is refused
    signing     the passkeys that sign it (WebAuthn), with the extra `approval` alone
    policy      what must be approved, and by whom: files of the administrator's, out of reach of a maker
    judging     whether an order may be carried out now

What it protects from and what not stands in docs/approval.md.
"""
