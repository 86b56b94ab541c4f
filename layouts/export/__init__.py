"""What leaves the page, and what it says about itself then.

- ``sharing``: the menus that offer pictures, tables and links.
- ``standalone``: a chart as a picture that stands alone; ``ranked`` a table of values. ``about``: titles and facts.
- ``png``: texts inside a PNG file.
"""
