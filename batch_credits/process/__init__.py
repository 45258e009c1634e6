"""This process among others: its signals, event loop, clocks and temporary files."""
