#!/bin/bash
# PostgreSQL 18.7, as npm @electric-sql/pglite 0.5.17 brings it: a prepared statement that looks for a row by its primary key. plan_cache_mode is
# force_generic_plan, so that it is not planned at each call.
#
# Guess:     an ANALYZE can do no harm; and a table's growth from nothing to 20,000 rows makes the plan anew.
# What is:   on a table that was never analysed the plan goes by the key. After an ANALYZE while the table is empty, or has one row, it reads the whole
#            table, and goes on so in each session that has prepared it, at 20,000 rows as well: only the next ANALYZE (autovacuum's, in time) ends it.
#            The same statement planned now gets the key at once, so trying it by hand shows nothing.
# So:        don't analyse new tables as part of a set-up; whoever fills a table from nothing had better analyse it on the way.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null
npm install --no-audit --no-fund --loglevel=error @electric-sql/pglite@0.5.17 >/dev/null
cat >plans.mjs <<'JS'
import { PGlite } from '@electric-sql/pglite'

const db = new PGlite()
await db.exec('SET plan_cache_mode = force_generic_plan')
console.log('PostgreSQL', (await db.query('SHOW server_version')).rows[0].server_version)

const reads = async (statement) => {
  const { rows } = await db.query(`EXPLAIN ${statement}`)
  return rows[0]['QUERY PLAN'].startsWith('Seq Scan') ? 'whole table' : 'key'
}
for (const [table, first] of [
  ['never analysed', ''],
  ['analysed while empty', 'ANALYZE documents'],
  ['analysed with one row', `INSERT INTO documents VALUES (0, 'x'); ANALYZE documents`],
]) {
  await db.exec('CREATE TABLE documents (id int PRIMARY KEY, body text)')
  if (first) await db.exec(first)
  await db.exec('PREPARE one (int) AS SELECT body FROM documents WHERE id = $1')
  const small = await reads('EXECUTE one (1)')
  await db.exec(`INSERT INTO documents SELECT n, repeat('x', 1200) FROM generate_series(1, 20000) n`)
  const large = await reads('EXECUTE one (1)')
  const fresh = await reads('SELECT body FROM documents WHERE id = 1')
  await db.exec('ANALYZE documents')
  console.log(`${table}: ${small}; at 20,000 rows: ${large}; planned now: ${fresh}; analysed again: ${await reads('EXECUTE one (1)')}`)
  await db.exec('DEALLOCATE one; DROP TABLE documents')
}
await db.close()
JS
seen=$(node plans.mjs)
echo "$seen"
expected="PostgreSQL 18.7
never analysed: key; at 20,000 rows: key; planned now: key; analysed again: key
analysed while empty: whole table; at 20,000 rows: whole table; planned now: key; analysed again: key
analysed with one row: whole table; at 20,000 rows: whole table; planned now: key; analysed again: key"
[[ $seen == "$expected" ]] || { echo 'It behaves otherwise now.' >&2; exit 1; }
