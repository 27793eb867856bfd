#!/bin/bash
# Fetches the GraphQL explorer's published files from npm, at pinned versions, and packs them into dataplane/explorer/dist. Run it by hand to move
# to another version; dataplane/explorer's tests compare the files with dist/SHA256SUMS.
set -euo pipefail

graphiql=4.1.2
react=18.3.1
to=$(cd "$(dirname "$0")/../.." && pwd)/dataplane/explorer/dist
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fetch() { # package@version, file in it, name here
  npm pack --silent "$1" >/dev/null
  tar -xzf "${1/@/-}.tgz"
  cp "package/$2" "$3"
  [ ! -e package/LICENSE ] || cp package/LICENSE "LICENSE.${1%@*}"
  rm -r package
}

fetch "graphiql@$graphiql" graphiql.min.js graphiql.js
fetch "graphiql@$graphiql" graphiql.min.css graphiql.css
fetch "react@$react" umd/react.production.min.js react.js
fetch "react-dom@$react" umd/react-dom.production.min.js react-dom.js
rm -f "$to"/*
for file in graphiql.js graphiql.css react.js react-dom.js; do
  # what the browser would look for besides is not there
  sed -i '/^\/\/# sourceMappingURL=/d' "$file"
  sha256sum "$file" >>"$to/SHA256SUMS"
  gzip -9n <"$file" >"$to/$file.gz"
done
cp LICENSE.* "$to/" 2>/dev/null || true
printf 'graphiql %s\nreact %s\nreact-dom %s\n' "$graphiql" "$react" "$react" >"$to/VERSIONS"
