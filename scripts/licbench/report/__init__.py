"""The report: what the run measured, as pages for a browser that need no network."""
