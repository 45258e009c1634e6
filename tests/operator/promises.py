"""Promises of the contract that the command may not keep yet. Each becomes True with the change that keeps it."""

RESEMBLING_REFERENCES_ARE_ONE = True  # references that differ in case, blanks or Unicode form alone: one is paid
REPORTS_ARE_NO_SOURCES = True  # results.csv and rejected.csv are refused
A_PERSONS_WORD_IS_CHECKED = True  # `resolve` asks Chargebee before it believes an id, or that there is none
