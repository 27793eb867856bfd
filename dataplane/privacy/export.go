package privacy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// partSize is how large a part of a file is about, in bytes.
const partSize = 256 << 10

// line is a line of an export: what something is, and what is kept of it.
type line struct {
	Type string         `json:"type"` // of an entity; EVENT, WEBHOOK
	ID   string         `json:"id"`
	Data map[string]any `json:"data"`
}

// file is an export that is being written.
type file struct {
	*Service
	scope tenancy.Scope
	op    *personal.Operation
	parts int
	lines map[string]int // by type
	open  bytes.Buffer
}

// export writes a customer's data into a file of JSON lines. One that was broken off begins anew.
func (s *Service) export(ctx context.Context, scope tenancy.Scope, op *personal.Operation) error {
	f := &file{Service: s, scope: scope, op: op, lines: map[string]int{}}
	if err := f.begin(ctx); err != nil {
		return err
	}
	find := &finder{reader: s.DB.Reader(scope), cat: s.DB.Catalogue(), person: s.person, id: op.CustomerID}
	held, err := find.find(ctx)
	if err != nil {
		return fmt.Errorf("find what is kept of customer %s: %w", op.CustomerID, err)
	}
	for _, t := range held.types {
		for _, row := range held.rows[t] {
			if err := f.add(ctx, line{t.Name, string(t.ID(row)), said(t, row)}); err != nil {
				return err
			}
		}
	}
	own := held.names()
	for _, t := range []personal.Table{personal.Events, personal.Deliveries} {
		if err := f.table(ctx, t, own); err != nil {
			return err
		}
	}
	return f.end(ctx)
}

func (f *file) begin(ctx context.Context) error {
	f.op.Step, f.op.Progress = "WRITE", json.RawMessage(`{}`)
	return f.DB.Write(ctx, f.scope, func(tx *store.Tx) error {
		personal.DropFile(tx, f.op.ID)
		personal.Step(tx, f.op)
		return nil
	})
}

// said is what is kept in a row, by names of fields. What opens something, such as a password's hash, is not told.
func said(t *catalogue.Type, row any) map[string]any {
	out := map[string]any{}
	for _, f := range t.Fields {
		if !f.Empty(row) && !(f.Hidden && f.Personal) && !t.Secret {
			out[f.Name] = f.Get(row)
		}
	}
	return out
}

// table adds the rows of a table that are about what is the person's.
func (f *file) table(ctx context.Context, t personal.Table, own map[string]bool) error {
	for after := ""; ; {
		list, err := personal.Page(ctx, f.DB.Reader(f.scope), t, after, page)
		if err != nil {
			return err
		}
		for _, row := range list {
			if slices.ContainsFunc(row.About, func(name string) bool { return own[name] }) {
				data := map[string]any{"about": row.About[0], "content": json.RawMessage(row.JSON)}
				if err := f.add(ctx, line{string(t), row.Key, data}); err != nil {
					return err
				}
			}
		}
		if len(list) < page {
			return nil
		}
		after = list[len(list)-1].Key
	}
}

func (f *file) add(ctx context.Context, l line) error {
	raw, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write %s %s: %w", l.Type, l.ID, err)
	}
	f.lines[l.Type]++
	f.open.Write(append(raw, '\n'))
	if f.open.Len() < partSize {
		return nil
	}
	return f.flush(ctx)
}

func (f *file) flush(ctx context.Context) error {
	if f.open.Len() == 0 {
		return nil
	}
	body := slices.Clone(f.open.Bytes())
	err := f.DB.Write(ctx, f.scope, func(tx *store.Tx) error { personal.PutPart(tx, f.op.ID, f.parts, body); return nil })
	if err != nil {
		return fmt.Errorf("keep a part of export %s: %w", f.op.ID, err)
	}
	f.parts++
	f.open.Reset()
	return nil
}

func (f *file) end(ctx context.Context) error {
	if err := f.flush(ctx); err != nil {
		return err
	}
	held, err := f.Settings(ctx, f.scope, keepExports)
	if err != nil {
		return fmt.Errorf("read how long exports are kept: %w", err)
	}
	kept, err := keepExports.Get(held, setting.Place{})
	if err != nil {
		kept = keepExports.Default()
	}
	if f.op.Progress, err = json.Marshal(map[string]any{"lines": f.lines, "parts": f.parts}); err != nil {
		return fmt.Errorf("write the receipt of export %s: %w", f.op.ID, err)
	}
	expires := f.DB.Now(ctx).Add(kept).Truncate(time.Second)
	if err := f.DB.Write(ctx, f.scope, func(tx *store.Tx) error { personal.End(tx, f.op, &expires); return nil }); err != nil {
		return fmt.Errorf("end export %s: %w", f.op.ID, err)
	}
	f.op.State = personal.Done
	return nil
}
