"""Text for a paper on the images that were judged: data, reference files, software."""
