"""The library's version, for what is kept in files; a test holds it to the project's own."""

VERSION = "0.2.0"
