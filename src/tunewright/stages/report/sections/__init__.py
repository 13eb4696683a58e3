"""What each part of the report says: from values to words, tables and figures."""
