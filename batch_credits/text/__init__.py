"""What a text may do to whoever reads it: formulas in a spreadsheet, control characters on a screen."""
