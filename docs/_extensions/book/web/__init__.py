"""The HTML edition: heads, files for crawlers, highlighting, links to the other editions."""
