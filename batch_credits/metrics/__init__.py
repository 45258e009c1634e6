"""How a command goes and how it ended, as OpenMetrics: in a file for a textfile collector, and over HTTP while it runs.

    reading     the figures of one moment, as a value
    meter       keeps the newest reading: it listens to the progress, and is told the summary
    exposition  a reading as text; the only importer of prometheus_client
    textfile    the file, and what of it outlives a run
    server      /metrics and /healthz
    keeper      all of it for one command

Labels are site, command, profile, outcome, currency and state: never a customer, a file or a batch.
"""
