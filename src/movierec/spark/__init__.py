"""Everything that touches Spark's machinery: the session, files, the JVM, progress, memory."""
