"""The local provider: renders images and clips and plans scenes without key or network."""
