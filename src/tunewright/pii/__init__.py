"""Personal data in texts: where it stands, of what type, and how sure we are; never the data itself."""
