"""Every forget set of one network at once: what would be, had it never seen these classes or those."""
