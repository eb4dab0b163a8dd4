"""The enclave image: trees of files, ramdisks, the image file itself, and what is told of it."""
