"""NetAtlas: registers the pages and draws the frame around the one that was asked for."""

from lib.ui.frame import start

start().run()
