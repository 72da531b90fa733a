"""The networks, one file per paper or published architecture."""
