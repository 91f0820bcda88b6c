#!/usr/bin/env bash
# Dataproc initialization action: OpenBLAS on every node, for Spark's ALS (see conf/cluster.yaml).
# A node that reaches no Debian mirror, as without Cloud NAT, starts without it half a minute later:
# ALS then logs a warning and takes longer.
set -u
export DEBIAN_FRONTEND=noninteractive

# one attempt per file, and never longer than APT_SECONDS; another process may hold dpkg's lock
apt() {
  timeout "${APT_SECONDS:-45}" apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=5 \
    -o Acquire::https::Timeout=5 -o DPkg::Lock::Timeout=30 "$@"
}

if ! { apt update && apt install -y libopenblas0; }; then
  echo 'native_blas: libopenblas0 could not be installed: is there a way to Debian, such as Cloud NAT?' \
    'ALS on this node uses Java BLAS' >&2
fi
