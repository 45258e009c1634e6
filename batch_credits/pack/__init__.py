"""The audit pack: a BagIt folder with all that a batch was, and what shows afterwards that nothing of it was changed.

    contents  what stands in data/: reports, tables, documents and the journal entry, from the ledger
    bag       the folder around it: names, manifests, and the chain to the pack before
    opened    a folder or a zip as it came, which may be hostile, with all that is wrong about it
    ties      whether what a pack says adds up
    chain     whether the packs before it are those that it names

Nothing that reads a pack needs the ledger, settings or a network.
"""
