"""The corpus: packages that cross-compile. ``make corpus`` runs it."""
