"""viz: shows fragment similarity in Dash, Bokeh and matplotlib."""
