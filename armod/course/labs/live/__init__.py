"""Labs on a live kernel: ipywidgets whose traits go both ways, drawn by the scripts of the tabled pages."""
