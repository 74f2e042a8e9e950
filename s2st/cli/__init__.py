"""The command line: a program that stands on everything else, and on which nothing stands."""
