"""Tests of the local engine alone, which has no Jinja and knows no project."""
