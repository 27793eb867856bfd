package stock

// Statements of this part change rows of which only the database knows. Each tells the feed of changes itself, as its last part: between noteRows and
// noteEnd come selects of what was changed, as in cUInventoryQuantity: created, a UUID, the type (see changed.go of the store), and of ids.
const (
	noteRows = `noted AS (INSERT INTO changes (account_id, at, id, body) SELECT $1, clock_timestamp(), gen_random_uuid(), string_agg(g.part, ''::BYTEA) FROM (
	SELECT convert_to(n.what || ':' || count(*)::TEXT || ':', 'UTF8') || string_agg(decode(replace(n.id::TEXT, '-', ''), 'hex'), ''::BYTEA) AS part
	FROM (`
	noteEnd = `) AS n (what, id) GROUP BY n.what) g HAVING count(*) > 0)`

	noteMoved = `SELECT 'uUInventoryPosition', id FROM moved UNION ALL SELECT 'uUVirtualPosition', id FROM sold`
)
