#!/bin/sh
# Java as Spark starts it, less the one option that a small runtime cannot boot with.
#
# find_java.py lays this down as bin/java, with the runtime's own in place of {java}. Spark 4.1's
# launcher passes --add-modules=jdk.incubator.vector, and a runtime linked without the module does
# not start with it. Without it Spark's linear algebra is plain Java: slower, same results.
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
