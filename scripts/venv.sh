#!/bin/sh
# Make or bring up to date a virtual environment from a requirements file whose every line is pinned by hash.
#   PYTHON=python3 sh scripts/venv.sh FOLDER REQUIREMENTS
set -eu

folder=$1
requirements=$2
python=${PYTHON:-python3}

say() { printf '%s\n' "lienthong: $*" >&2; }

command -v "$python" >/dev/null 2>&1 || {
  say "cần Python 3.11 trở lên / Python 3.11 or newer is needed: '$python' was not found (Debian: apt install python3)"
  exit 1
}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "cần Python 3.11 trở lên / Python 3.11 or newer is needed: $("$python" --version 2>&1)." \
    "Name another one: make PYTHON=/path/to/python3.11 …"
  exit 1
}

# An environment whose Python has gone (an upgrade, a moved tree) is made anew.
if ! "$folder/bin/python" -c '' 2>/dev/null; then
  rm -rf "$folder"
  if "$python" -c 'import ensurepip' 2>/dev/null; then
    "$python" -m venv "$folder"
  else
    # Debian leaves ensurepip out of python3; an environment without pip can still be filled from outside.
    "$python" -m venv --without-pip "$folder"
  fi
fi

if "$folder/bin/python" -m pip --version >/dev/null 2>&1; then
  set -- "$folder/bin/python" -m pip
elif "$python" -m pip --python "$folder/bin/python" --version >/dev/null 2>&1; then
  set -- "$python" -m pip --python "$folder/bin/python"
else
  rm -rf "$folder"
  say "thiếu pip / pip is missing. Debian, Ubuntu: apt install python3-venv"
  exit 1
fi
"$@" install --disable-pip-version-check --no-input --quiet --require-hashes --no-deps -r "$requirements"

# The command `lienthong`: runs from this tree, from whatever folder it is called in.
tree=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cat >"$folder/bin/lienthong" <<LAUNCHER
#!/bin/sh
PYTHONPATH="$tree\${PYTHONPATH:+:\$PYTHONPATH}" exec "$tree/$folder/bin/python" -m app "\$@"
LAUNCHER
chmod +x "$folder/bin/lienthong"
