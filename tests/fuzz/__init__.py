"""Random files, each made from a seed and a number, and what xlconv does with them.

`python -m tests.fuzz --help` says how to run many of them, and one of them again.
"""
