#!/usr/bin/env bash
# Dataproc initialization action: OpenBLAS on every node, for Spark's ALS (see conf/cluster.yaml).
# A node that reaches no Debian mirror starts without it: ALS then logs a warning and takes longer.
set -u
export DEBIAN_FRONTEND=noninteractive

for attempt in 1 2 3; do
  if apt-get update -qq && apt-get install -y -qq libopenblas0; then
    exit 0
  fi
  [ "$attempt" = 3 ] || sleep "${RETRY_SECONDS:-10}"
done
echo 'native_blas: libopenblas0 could not be installed; ALS on this node uses Java BLAS' >&2
