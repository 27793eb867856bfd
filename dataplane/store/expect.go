package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/domain/catalogue"
)

// ErrStale says that an entity was changed by someone else since the transaction's decisions were made on it.
var ErrStale = errors.New("store: an entity was changed since it was read")

// Version is an entity's state, named by the time of its last change.
type Version struct {
	ID        catalogue.ID
	UpdatedOn time.Time
}

// Expect makes the transaction fail with ErrStale, before it writes anything, unless the entities are as they were read.
func (tx *Tx) Expect(typ *catalogue.Type, versions ...Version) {
	if len(versions) == 0 {
		return
	}
	m, err := tx.db.model(typ)
	if err != nil {
		tx.pending.fail(err)
		return
	}
	ids, times := make([]catalogue.ID, len(versions)), make([]time.Time, len(versions))
	for i, v := range versions {
		ids[i], times[i] = v.ID, v.UpdatedOn
	}
	tx.pending.first = append(tx.pending.first, call{name: typ.Table + ".expect", sql: m.expectText(), fail: OnDivision(ErrStale),
		args: []any{string(tx.scope.Account()), idArray(m.id.kind, ids), times}})
}

// expectText locks and counts the rows that are as expected, and divides by zero when one is missing. It looks them up one by one, so
// that the transaction depends on these rows only, whatever the planner knows of the table.
func (m *model) expectText() string {
	id := m.id.kind.castType()
	return fmt.Sprintf(`SELECT 1 / CASE WHEN (SELECT count(*) FROM (SELECT 1 FROM %s t WHERE t.account_id = $1 AND t.id = ANY ($2::%s[])
AND t.updated_on = ($3::TIMESTAMPTZ[])[array_position($2::%s[], t.id)] ORDER BY t.id FOR UPDATE) AS same) = array_length($2::%s[], 1) THEN 1 ELSE 0 END`, m.typ.Table, id, id, id)
}
