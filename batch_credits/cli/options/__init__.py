"""The options that commands share, in groups: each comes to its command as one frozen object, which makes settings of
what was chosen.

    input       how a file is read, and what must hold before anything is sent
    site        which site
    sending     how it is asked, and how it is sent to
    places      the ledger, the reports, and what is shown meanwhile
"""
