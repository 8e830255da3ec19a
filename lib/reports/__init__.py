"""The same results as text for terminals, files and reviews; nothing here decides anything."""
