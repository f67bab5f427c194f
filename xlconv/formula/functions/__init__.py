"""What functions do, each known by its name once this package is imported."""

from xlconv.formula.functions import arithmetic, logic, lookup, text

__all__ = ["arithmetic", "logic", "lookup", "text"]
