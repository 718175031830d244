"""The PDF and the EPUB."""
