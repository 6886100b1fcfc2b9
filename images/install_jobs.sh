#!/bin/sh
# Installs what the jobs image needs into the virtual environment: install_jobs.sh cuda|cpu 0|1
set -eu
torch=$1 demo=$2

case $torch in
cuda | cpu) ;;
*)
    echo "TORCH must be cuda or cpu, not $torch" >&2
    exit 2
    ;;
esac

set -- -r "/build/jobs-$torch.txt"
if [ "$demo" = 1 ]; then
    set -- "$@" -r /build/jobs-demo.txt
fi
uv pip install --require-hashes --no-deps "$@"

if [ "$torch" = cpu ]; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc binutils
    python3 /build/slim_torch.py /opt/venv/lib/python3*/site-packages
    apt-get purge -y -qq --auto-remove gcc binutils
    rm -rf /var/lib/apt/lists/*
fi
