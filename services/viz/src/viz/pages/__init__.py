"""The Dash pages: what is laid out where, and the callbacks that fill it."""
