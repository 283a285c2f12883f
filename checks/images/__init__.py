"""Files, photometry and drizzled images."""
