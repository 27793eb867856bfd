#!/bin/bash
# contract.sh [FOLDER]: copies the facts of the public interface, two tables of tab-separated columns, from FOLDER (left out: ../shared/contract) to
# where the contract test reads them. What they say that is not served then has to be named in not-yet.tsv beside them; see docs/how-to/add-an-entity.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
from=${1:-../shared/contract}
to=dataplane/graphql/contract/testdata
for table in graphql-types graphql-operations; do
  [ -r "$from/$table.tsv" ] || { echo "There is no $from/$table.tsv. Name the folder: ops/tools/contract.sh FOLDER" >&2; exit 1; }
done
for table in graphql-types graphql-operations; do
  cp "$from/$table.tsv" "$to/$table.tsv"
  echo "$to/$table.tsv: $(($(wc -l <"$to/$table.tsv") - 1)) rows"
done
