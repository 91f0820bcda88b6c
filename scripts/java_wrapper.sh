#!/bin/sh
# Starts Java without the one option of Spark that a small runtime does not know.
#
# find_java.py writes this as bin/java, with the runtime's own in place of {java}. Spark 4.1's
# launcher passes --add-modules=jdk.incubator.vector, with which a runtime that lacks the module
# does not start. Without it Spark's linear algebra is plain Java: slower, same results.
left=$#
while [ "$left" -gt 0 ]; do
  left=$((left - 1))
  argument=$1
  shift
  if [ "$argument" = --add-modules=jdk.incubator.vector ]; then
    continue
  fi
  if [ "$argument" = --add-modules ] && [ "$left" -gt 0 ] && [ "$1" = jdk.incubator.vector ]; then
    left=$((left - 1))
    shift
    continue
  fi
  set -- "$@" "$argument"
done
exec {java} "$@"
