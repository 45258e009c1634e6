"""What is asked for, before anything is owed: a file or a reversal staged, and held against limits and memory."""
