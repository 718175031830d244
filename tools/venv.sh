#!/bin/sh
# Says “fits”, or why an environment has to be made anew:  tools/venv.sh FOLDER [PYTHON]
# Without PYTHON any Python that the book runs on will do.
folder=$1 python=$2

say() { echo "$1"; exit; }

[ -d "$folder" ] || say "there is none yet"
[ -x "$folder/bin/python" ] || say "its Python is gone"
set -- "$folder"/lib/python3.*/site-packages/pip
[ -d "$1" ] || say "it has no pip"
version=$(sed -n 's/^version *= *//p' "$folder/pyvenv.cfg")
minor=${version#3.}
[ "${minor%%.*}" -ge 11 ] || say "its Python $version is older than 3.11"
[ -z "$python" ] && say fits
home=$(sed -n 's/^home *= *//p' "$folder/pyvenv.cfg")
what='import os, platform, sys; print(platform.python_version(), os.path.dirname(sys._base_executable))'
[ "$version $home" = "$("$python" -c "$what" 2>/dev/null)" ] || say "its Python is $version in $home"
say fits
