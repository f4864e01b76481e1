"""Which release this is; every answer is stored with it."""

VERSION = "0.1.0"
