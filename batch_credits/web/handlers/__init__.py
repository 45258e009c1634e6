"""A request to one of the pages, or to an act and a redirect: one module a page, and what they share in `answers`."""
