"""Debian packages as locked inputs: which, from where, and how they are taken apart. Nothing is installed."""
