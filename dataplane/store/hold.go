package store

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/tenancy"
)

// Hold locks an entity, at once and until the transaction ends, and writes it with what is queued: as changed now, and otherwise as it is. Of two that
// decide by how much of it others have taken the second waits for the first; who decided without waiting, and expects it as it was (see Expect),
// finds that it is not. Whether the scope reaches the entity is not asked. An id that is not there is held by nobody.
func (tx *Tx) Hold(ctx context.Context, typ *catalogue.Type, id catalogue.ID) error {
	m, err := tx.db.model(typ)
	if err != nil {
		return err
	}
	key := entityKey{typ, id}
	if tx.pending.held[key] != nil {
		return nil
	}
	if err := tx.conn.send(ctx, []call{{name: typ.Table + ".hold", sql: m.holdText(), args: []any{string(tx.scope.Account()), idArg(m.id.kind, id)}}}); err != nil {
		return err
	}
	if tx.pending.held == nil {
		tx.pending.held = map[entityKey]*entityUpdate{}
	}
	tx.pending.held[key] = &entityUpdate{model: m, id: id}
	return nil
}

func (m *model) holdText() string {
	return fmt.Sprintf(`SELECT 1 FROM %s t WHERE t.account_id = $1 AND t.id = $2::%s FOR UPDATE`, m.typ.Table, m.id.kind.castType())
}

// rewritten are all rows that are written anew: what is updated, and what is held.
func (p *pending) rewritten() []*entityUpdate {
	all := p.updates[:len(p.updates):len(p.updates)]
	for _, u := range p.held {
		all = append(all, u)
	}
	return all
}

// updateCalls writes what is updated, as far as the scope reaches, and what is held.
func (p *pending) updateCalls(scope tenancy.Scope) ([]call, error) {
	calls, err := updateCalls(p.updates, scope, p.now)
	if err != nil || len(p.held) == 0 {
		return calls, err
	}
	whole, err := tenancy.NewScope(scope.Account())
	if err != nil {
		return nil, err
	}
	held, err := updateCalls(p.rewritten()[len(p.updates):], whole, p.now)
	return append(calls, held...), err
}
