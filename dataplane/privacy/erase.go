package privacy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/personal"
	"github.com/fluent-oms/fluent/dataplane/store/trails"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// page is how many rows are looked through, or changed, in one transaction.
const page = 200

// mostRounds is how often an erasure goes through everything; the last of them should change nothing.
const mostRounds = 5

// progress is what an open erasure keeps of what it did. None of it says anything of the person.
type progress struct {
	Now     bool           `json:"now,omitempty"` // it waits for no orders that are under way
	Round   int            `json:"round"`
	Changed int            `json:"changed"` // in this round
	Entered time.Time      `json:"entered"` // when the round began
	Erased  map[string]int `json:"erased"`  // rows, by what they are
	Sent    map[string]int `json:"sent"`    // webhooks that were sent, by where to
}

// atOnceProgress is that of an erasure that waits for no orders.
var atOnceProgress = json.RawMessage(`{"now": true}`)

// Receipt says what an erasure did, and where else the person may still be, until when.
type Receipt struct {
	Erased    map[string]int `json:"erased"` // rows, by type of entity or by what they are
	Kept      string         `json:"kept"`
	Elsewhere []Elsewhere    `json:"elsewhere"`
}

// Elsewhere is a copy that an erasure does not reach.
type Elsewhere struct {
	What  string     `json:"what"`            // BACKUPS, WEBHOOK
	Where string     `json:"where,omitempty"` // to whom it was sent
	Times int        `json:"times,omitempty"`
	Until *time.Time `json:"until"` // null: not known here
	Note  string     `json:"note"`
}

// erasure is one erasure at work.
type erasure struct {
	*Service
	scope    tenancy.Scope
	op       *personal.Operation
	progress progress
	values   Values
	scrubber *Scrubber
	own      map[string]bool // entities, as TYPE/ID
}

// step is one step of an erasure: it does a part of its work from the operation's position on, in one transaction with the new position. Done: all of it
// was done.
type step struct {
	name string
	run  func(ctx context.Context) (done bool, err error)
}

func (e *erasure) steps() []step {
	out := []step{{"ENTITIES", e.entities}, {"TRAILS", e.trails}}
	for _, t := range personal.Tables() {
		out = append(out, step{strings.ToUpper(string(t)), func(ctx context.Context) (bool, error) { return e.rows(ctx, t) }})
	}
	return append(out, step{"SIGN_INS", e.signIns}, step{"EXPORTS", e.exports}, step{"STRAYS", e.strays}, step{"CHECK", e.check})
}

// erase goes on with an erasure for as long as there is something to do now.
func (s *Service) erase(ctx context.Context, scope tenancy.Scope, op *personal.Operation) error {
	if waits, err := s.waitsFor(ctx, scope, op); err != nil {
		return err
	} else if len(waits) > 0 {
		return errUnderWay
	}
	e := &erasure{Service: s, scope: scope, op: op}
	if err := e.open(ctx); err != nil {
		return err
	}
	all := e.steps()
	for ctx.Err() == nil && op.State == personal.Open {
		at := max(0, slices.IndexFunc(all, func(x step) bool { return x.name == op.Step }))
		op.Step = all[at].name
		done, err := all[at].run(ctx)
		if err != nil || op.State != personal.Open {
			return err
		}
		if !done && op.Step == "CHECK" {
			return nil // later
		}
		if done && at+1 < len(all) {
			if err := e.move(ctx, all[at+1].name); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// open finds out what is looked for. It is kept, sealed, before anything is erased: whoever goes on must know it, too.
func (e *erasure) open(ctx context.Context) error {
	if err := json.Unmarshal(e.op.Progress, &e.progress); err != nil {
		return fmt.Errorf("read how far erasure %s is: %w", e.op.ID, err)
	}
	if e.progress.Erased == nil {
		e.progress = progress{Now: e.progress.Now, Round: 1, Erased: map[string]int{}, Sent: map[string]int{}, Entered: e.DB.Now(ctx)}
	}
	about := string(e.scope.Account()) + "/" + e.op.ID
	if e.op.Sealed != "" {
		plain, err := e.box.Open(about, e.op.Sealed)
		if err != nil {
			return fmt.Errorf("open what erasure %s looks for: %w", e.op.ID, err)
		}
		if err := json.Unmarshal(plain, &e.values); err != nil {
			return fmt.Errorf("read what erasure %s looks for: %w", e.op.ID, err)
		}
	}
	held, err := e.held(ctx)
	if err != nil {
		return err
	}
	before := len(e.values.Strong) + len(e.values.Weak)
	for _, t := range held.types {
		for _, row := range held.rows[t] {
			if err := e.values.collect(t, row); err != nil {
				return err
			}
		}
	}
	e.own = held.names()
	e.scrubber = NewScrubber(e.values, e.keys)
	if len(e.values.Strong)+len(e.values.Weak) == before && e.op.Sealed != "" {
		return nil
	}
	plain, err := json.Marshal(e.values)
	if err != nil {
		return fmt.Errorf("write what erasure %s looks for: %w", e.op.ID, err)
	}
	e.op.Sealed = e.box.Seal(about, plain)
	return e.move(ctx, e.op.Step)
}

func (e *erasure) held(ctx context.Context) (*holding, error) {
	f := &finder{reader: e.DB.Reader(e.scope), cat: e.DB.Catalogue(), person: e.person, id: e.op.CustomerID}
	held, err := f.find(ctx)
	if err != nil {
		return nil, fmt.Errorf("find what is kept of customer %s: %w", e.op.CustomerID, err)
	}
	return held, nil
}

// move keeps that the operation is at the beginning of a step.
func (e *erasure) move(ctx context.Context, name string) error {
	if e.op.Step != name {
		e.op.Step, e.op.Position = name, ""
	}
	return e.commit(ctx, "", func(*store.Tx) (int, error) { return 0, nil })
}

// commit writes, together with how far the operation is and how many rows of a kind were changed: a receipt counts each once, whatever was killed.
func (e *erasure) commit(ctx context.Context, what string, write func(tx *store.Tx) (int, error)) error {
	var after progress
	err := e.DB.Write(ctx, e.scope, func(tx *store.Tx) error {
		n, err := write(tx)
		if err != nil {
			return err
		}
		after = e.progress.with(what, n)
		if e.op.Progress, err = json.Marshal(after); err != nil {
			return fmt.Errorf("write how far erasure %s is: %w", e.op.ID, err)
		}
		personal.Step(tx, e.op)
		return nil
	})
	if err == nil {
		e.progress = after
	}
	return err
}

// with is the progress when so many rows more were changed.
func (p progress) with(what string, n int) progress {
	if n > 0 {
		p.Erased = maps.Clone(p.Erased)
		p.Erased[what] += n
		p.Changed += n
	}
	return p
}

// entities wipes the rows of entities that are the person's, his own last: he is found by it.
func (e *erasure) entities(ctx context.Context) (bool, error) {
	held, err := e.held(ctx)
	if err != nil {
		return false, err
	}
	for _, t := range slices.Backward(held.types) {
		for part := range slices.Chunk(held.rows[t], page) {
			if err := e.wipeAll(ctx, t, part); err != nil {
				return false, err
			}
		}
	}
	return true, nil
}

// wipeAll wipes rows as they are at the time of the transaction. Where nothing is left to wipe nothing is written.
func (e *erasure) wipeAll(ctx context.Context, t *catalogue.Type, rows []any) error {
	a := &about{typ: e.person, id: e.op.CustomerID, Scrubber: e.scrubber}
	ids := make([]catalogue.ID, 0, len(rows))
	for _, row := range rows {
		changed, err := a.wipe(t, row)
		if err != nil {
			return err
		}
		if len(changed) > 0 {
			ids = append(ids, t.ID(row))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return e.commit(ctx, t.Name, func(tx *store.Tx) (int, error) {
		now, err := tx.ByID(ctx, t, ids...)
		if err != nil {
			return 0, fmt.Errorf("erase rows of %s: %w", t.Name, err)
		}
		made := &entity.Making{Catalogue: e.DB.Catalogue()}
		for _, row := range now {
			if row == nil {
				continue
			}
			changed, err := a.wipe(t, row)
			if err != nil {
				return 0, err
			}
			if len(changed) > 0 {
				made.Drafts = append(made.Drafts, &entity.Draft{Type: t, Entity: row, Touched: changed})
			}
		}
		made.Write(tx)
		return len(made.Drafts), nil
	})
}

// trails goes through the audit of all turns of the account.
func (e *erasure) trails(ctx context.Context) (bool, error) {
	list, err := trails.After(ctx, e.DB.Reader(e.scope), e.op.Position, page)
	if err != nil {
		return false, err
	}
	var changed []trails.Trail
	for i := range list {
		trail, err := history.Decode(&list[i])
		if err != nil {
			return false, err
		}
		own := slices.ContainsFunc(trail.Entities(), func(name string) bool { return e.own[name] })
		row, err := history.Rewrite(trail, func(v any) (any, bool) { return e.scrubber.JSON(v, own) })
		if err != nil {
			return false, err
		}
		if row != nil {
			changed = append(changed, *row)
		}
	}
	if len(list) > 0 {
		e.op.Position = list[len(list)-1].TurnID
	}
	err = e.commit(ctx, "trails", func(tx *store.Tx) (int, error) {
		for _, t := range changed {
			trails.Replace(tx, t)
		}
		return len(changed), nil
	})
	return len(list) < page, err
}

// rows goes through a table of the account's.
func (e *erasure) rows(ctx context.Context, t personal.Table) (bool, error) {
	list, err := personal.Page(ctx, e.DB.Reader(e.scope), t, e.op.Position, page)
	if err != nil {
		return false, err
	}
	var changed []personal.Row
	for _, row := range list {
		own := slices.ContainsFunc(row.About, func(name string) bool { return e.own[name] })
		other, err := e.row(&row, own)
		if err != nil {
			return false, fmt.Errorf("erase %s %s: %w", t, row.Key, err)
		}
		if (own || other) && t == personal.Deliveries && e.progress.Round == 1 {
			e.progress.Sent[row.Texts[0]]++
		}
		if other {
			changed = append(changed, row)
		}
	}
	if len(list) > 0 {
		e.op.Position = list[len(list)-1].Key
	}
	err = e.commit(ctx, string(t), func(tx *store.Tx) (int, error) {
		for _, row := range changed {
			personal.Rewrite(tx, t, row)
		}
		return len(changed), nil
	})
	return len(list) < page, err
}

// row takes the person out of a row, and reports whether he was in it.
func (e *erasure) row(row *personal.Row, own bool) (changed bool, err error) {
	for i, text := range row.Texts {
		if to := e.scrubber.Text(text, own); to != text {
			row.Texts[i], changed = to, true
		}
	}
	if row.JSON == "" {
		return changed, nil
	}
	v, err := catalogue.DecodeJSON([]byte(row.JSON))
	if err != nil {
		return false, err
	}
	v, other := e.scrubber.JSON(v, own)
	if !other {
		return changed, nil
	}
	raw, err := json.Marshal(v)
	row.JSON = string(raw)
	return true, err
}

// signIns forgets attempts to sign in under the person's names.
func (e *erasure) signIns(ctx context.Context) (bool, error) {
	names := make([]string, len(e.values.Strong))
	for i, v := range e.values.Strong {
		names[i] = strings.ToLower(v)
	}
	return true, e.commit(ctx, "signIns", func(tx *store.Tx) (int, error) {
		removed := 0
		personal.ForgetSignIns(tx, names, func(rows int64) error { removed = int(rows); return nil })
		return removed, tx.Flush(ctx)
	})
}

// exports removes the files of exports of the person's data.
func (e *erasure) exports(ctx context.Context) (bool, error) {
	list, err := personal.Of(ctx, e.DB.Reader(e.scope), e.op.CustomerID, personal.Export, page)
	if err != nil {
		return false, err
	}
	return true, e.commit(ctx, "exports", func(tx *store.Tx) (int, error) {
		for i := range list {
			personal.DropFile(tx, list[i].ID)
			if list[i].State == personal.Open {
				list[i].Progress = json.RawMessage(`{"broken":"the customer was erased"}`)
				personal.End(tx, &list[i], nil)
			}
		}
		if e.progress.Round > 1 {
			return 0, nil // counted before
		}
		return len(list), nil
	})
}

// check ends the erasure when a whole round changed nothing that began after all who had read the person before had come to their end; else it begins
// another round, when that is so.
func (e *erasure) check(ctx context.Context) (bool, error) {
	now := e.DB.Now(ctx)
	if e.progress.Round > 1 && (e.progress.Changed == 0 || e.progress.Round >= mostRounds) {
		return false, e.end(ctx)
	}
	if now.Before(e.progress.Entered.Add(e.Settle)) {
		return false, nil
	}
	e.progress.Round, e.progress.Changed, e.progress.Entered = e.progress.Round+1, 0, now
	return true, e.move(ctx, e.steps()[0].name)
}

// end writes the receipt.
func (e *erasure) end(ctx context.Context) error {
	held, err := e.Settings(ctx, e.scope, keepBackups)
	if err != nil {
		return fmt.Errorf("read how long backups are kept: %w", err)
	}
	backups, given, err := keepBackups.Lookup(held, setting.Place{})
	now := e.DB.Now(ctx)
	copies := Elsewhere{What: "BACKUPS", Note: "Backups of the environment's database that were made before this was done. RETENTION_BACKUP_DAYS does not say how long they are kept"}
	if err == nil && given {
		copies.Until, copies.Note = later(now, backups), "Backups of the environment's database that were made before this was done"
	}
	receipt := Receipt{
		Erased: e.progress.Erased, Elsewhere: []Elsewhere{copies},
		Kept: "ids, refs of orders and documents, amounts, quantities, taxes, products, times, states, and of addresses the state, region and country",
	}
	for _, endpoint := range slices.Sorted(maps.Keys(e.progress.Sent)) {
		receipt.Elsewhere = append(receipt.Elsewhere, Elsewhere{What: "WEBHOOK", Where: endpoint, Times: e.progress.Sent[endpoint],
			Note: "Who is there may have been told of the customer: ask for erasure there"})
	}
	raw, err := json.Marshal(receipt)
	if err != nil {
		return fmt.Errorf("write the receipt of erasure %s: %w", e.op.ID, err)
	}
	e.op.Progress = raw
	if err := e.DB.Write(ctx, e.scope, func(tx *store.Tx) error { personal.End(tx, e.op, nil); return nil }); err != nil {
		return fmt.Errorf("end erasure %s: %w", e.op.ID, err)
	}
	e.op.State = personal.Done
	e.Log.InfoContext(ctx, "personal data: erased", "account", string(e.scope.Account()), "operation", e.op.ID, "customer", string(e.op.CustomerID), "by", e.op.RequestedBy)
	return nil
}
