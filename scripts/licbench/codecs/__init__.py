"""One file for each codec; the file's name is the codec's id."""
