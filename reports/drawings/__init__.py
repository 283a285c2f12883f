"""Which figures are drawn of a dataset, by its workflow."""
