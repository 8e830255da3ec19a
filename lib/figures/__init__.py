"""Results as Plotly figures that work on a light and on a dark page, one module a figure."""
