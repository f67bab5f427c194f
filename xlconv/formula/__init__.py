"""Formulas: their text, their trees, and what they compute under several interpretations."""
