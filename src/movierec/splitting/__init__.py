"""Train, validation and test sets, and the audit that checks them."""
