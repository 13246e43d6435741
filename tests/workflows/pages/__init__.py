"""What the documentation says of the standard library, a module a file; `table` says how a row is written."""
