"""Promises of the contract that the command may not keep yet. Each becomes True with the change that keeps it."""

RESEMBLING_REFERENCES_ARE_ONE = True  # references that differ in case, blanks or Unicode form alone: one is paid
REPORTS_ARE_NO_SOURCES = True  # results.csv is refused, and whatever else does not say how it is meant
NUMBERS_OUTLIVE_THE_LEDGER = False  # whom a look alone protects is paid once, even where a row above moved the numbers
A_PERSONS_WORD_IS_CHECKED = True  # `resolve` asks Chargebee before it believes an id, or that there is none
