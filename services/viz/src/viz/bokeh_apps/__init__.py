"""The Bokeh server: a histogram of all similarities, and a replay of how the factors moved, on Tornado."""
