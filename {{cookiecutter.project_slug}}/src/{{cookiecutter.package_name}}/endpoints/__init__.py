"""Endpoints in use: asked, measured, watched, and compared with a challenger."""
