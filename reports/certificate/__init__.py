"""Certificates of products that were accepted: what is in them, how they are written and verified."""
