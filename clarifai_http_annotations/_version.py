"""The version, as a literal: the build reads it from here, and an import asks no metadata."""

__version__ = "0.1.0"
