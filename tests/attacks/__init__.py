"""Attacks on a generated workbook: each changes what it computes or shows for some input, weight or choice.

`python -m tests.attacks` tries all of them on the checker and prints which were found, by class. Variants that change
nothing stand among them, as a checker that accuses the innocent is not believed when it is right.
"""
