"""The papers' experiments: one function per table, over folds and seeds, resumable."""
