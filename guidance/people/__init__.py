"""Who asked: identities, how surely known, and that two are one."""
