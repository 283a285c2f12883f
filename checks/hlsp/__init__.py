"""What an archive asks of high-level science products (HLSP): names, keywords, provenance, form, contents."""
