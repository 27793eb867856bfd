#!/bin/bash
# PostgreSQL 18.7, as npm @electric-sql/pglite 0.5.17 brings it: a table with row-level security by account, an index on each column that is searched.
#
# Guess:     a policy adds its own condition to a search, and every index serves that serves it without the policy.
# What is:   only comparisons that PostgreSQL calls leakproof may be looked at before the policy, and so by an index. Texts and times of one type are;
#            these are not: LIKE with a prefix (starts_with and >= … < … are), an equality of numerics, lower(text) = …, a timestamp beside a date. Each
#            of them reads all rows of the account, with no word about it but in EXPLAIN.
# So:        behind policies write prefixes as ranges, give dates the column's own type, keep what is searched by in texts, times and integers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error @electric-sql/pglite@0.5.17 >/dev/null
cat >plans.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'

const db = new PGlite()
await db.exec(`
  CREATE TABLE orders (account text, id int, ref text COLLATE "C", made timestamptz, total numeric, units int, PRIMARY KEY (account, id));
  INSERT INTO orders SELECT 'A' || n % 5, n, 'v' || n, now() + n * interval '1 s', n, n FROM generate_series(1, 20000) n;
  CREATE INDEX by_ref ON orders (ref);
  CREATE INDEX by_lower ON orders (lower(ref) COLLATE "C");
  CREATE INDEX by_made ON orders (made);
  CREATE INDEX by_total ON orders (total);
  CREATE INDEX by_units ON orders (units);
  ANALYZE orders;
  CREATE ROLE app;
  GRANT SELECT ON orders TO app;
  CREATE POLICY own ON orders USING (account = current_setting('app.account'));
  SET app.account = 'A2';`)
console.log('PostgreSQL', (await db.query('SHOW server_version')).rows[0].server_version)

const served = async (condition) => {
  const { rows } = await db.query(`EXPLAIN SELECT 1 FROM orders WHERE ${condition}`)
  return /by_\w+/.test(rows.map((r) => r['QUERY PLAN']).join('\n')) ? 'index' : 'all rows'
}
for (const condition of [
  `ref = 'v77'`, `ref LIKE 'v77%'`, `starts_with(ref, 'v77')`, `ref >= 'v77' AND ref < 'v78'`, `lower(ref) = 'v77'`,
  `made > '2099-01-01'::timestamptz`, `made > '2099-01-01'::date`, `total = 7`, `units = 7`,
]) {
  await db.exec('RESET ROLE; ALTER TABLE orders DISABLE ROW LEVEL SECURITY; SET ROLE app')
  const without = await served(condition)
  await db.exec('RESET ROLE; ALTER TABLE orders ENABLE ROW LEVEL SECURITY; SET ROLE app')
  console.log(`${condition}: ${without}; behind the policy: ${await served(condition)}`)
}
await db.close()
JS
seen=$(node plans.mjs)
echo "$seen"
expected="PostgreSQL 18.7
ref = 'v77': index; behind the policy: index
ref LIKE 'v77%': index; behind the policy: all rows
starts_with(ref, 'v77'): index; behind the policy: index
ref >= 'v77' AND ref < 'v78': index; behind the policy: index
lower(ref) = 'v77': index; behind the policy: all rows
made > '2099-01-01'::timestamptz: index; behind the policy: index
made > '2099-01-01'::date: index; behind the policy: all rows
total = 7: index; behind the policy: all rows
units = 7: index; behind the policy: index"
[[ $seen == "$expected" ]] || { echo 'It behaves otherwise now.' >&2; exit 1; }
