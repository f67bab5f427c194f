"""What people do with a workbook every day: after each of these edits it still is its network, and the checker says so.

`python -m tests.everyday` makes all of them and prints which were clean, by class.
"""
