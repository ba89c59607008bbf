"""One file a codec; the file's name is the codec's id."""
