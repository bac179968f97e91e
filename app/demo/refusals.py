"""Were the wrong records refused as foretold, by name?"""
