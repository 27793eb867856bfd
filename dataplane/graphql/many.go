package graphql

import (
	"context"
	"maps"
	"strings"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/graphql/change"
	"github.com/fluent-oms/fluent/dataplane/graphql/document"
	"github.com/fluent-oms/fluent/dataplane/modules/manifest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Many makes and changes entities as the mutations of their types would, all in one transaction and set-wise. Each is looked for by its key first. The
// events are queued; whoever commits tells the engine of them. The error is the database's, and what is wrong with one is in its place of the answer.
func (e *Executor) Many(ctx context.Context, tx *store.Tx, p *tenant.Principal, may manifest.May, list []manifest.Entity) ([]manifest.Made, []*workflow.Event, error) {
	out := make([]manifest.Made, len(list))
	stored, err := e.stored(ctx, tx.Reader, list)
	if err != nil {
		return nil, nil, err
	}
	taken, err := e.taken(ctx, p, list, stored)
	if err != nil {
		return nil, nil, err
	}
	var asked []change.One
	var at []int
	for i := range list {
		one, err := e.one(&list[i], stored[i], may)
		if err == nil && taken[i] {
			err = exists(&list[i])
		}
		if err != nil {
			out[i].Err = err
			continue
		}
		asked, at = append(asked, one), append(at, i)
	}
	done, events, err := e.changer.Many(ctx, tx, p, asked)
	if err != nil {
		return nil, nil, err
	}
	for n, d := range done {
		made := &out[at[n]]
		if made.Err = d.Err; d.Err != nil {
			continue
		}
		t := e.catalogue.TypeOf(d.Entity)
		made.ID, made.Ref, made.Unchanged = t.Text(d.Entity, "id"), t.Text(d.Entity, "ref"), d.Unchanged
	}
	return out, events, nil
}

// existsAlready is the code by which set-up scripts know that what they would make is there.
const existsAlready = "ENTITY_EXIST_ALREADY"

// One makes or changes an entity as the mutation of its type would, in transactions of its own.
func (e *Executor) One(ctx context.Context, p *tenant.Principal, may manifest.May, x manifest.Entity) (made manifest.Made) {
	t := e.catalogue.Type(x.Type)
	found, err := e.db.Reader(p.Scope()).ByKey(ctx, e.catalogue.Type(x.Among), x.Key)
	if err != nil {
		return manifest.Made{Err: err}
	}
	if found[0] != nil && !may.Change {
		return manifest.Made{Err: fault.New(fault.Exists, "%s %v exists already; its action is UPDATE", t.Name, x.Key[0]).WithCode(existsAlready).At(manifest.Place + ".ref")}
	}
	one, err := e.one(&x, found[0], may)
	if err != nil {
		return manifest.Made{Err: err}
	}
	var entity any
	if found[0] != nil {
		entity, err = e.changer.Update(ctx, p, t.Update, one.Value)
	} else {
		entity, err = e.creation(t, t.Create).entity(ctx, p, one.Value)
	}
	if err != nil {
		f := fault.Of(err)
		return manifest.Made{Err: f.At(manifest.Place + strings.TrimPrefix(f.Field, "input"))}
	}
	return manifest.Made{ID: t.Text(entity, "id"), Ref: t.Text(entity, "ref")}
}

// taken tells which keys of what would be made another has whom the caller does not reach. The database would refuse all for one of them.
func (e *Executor) taken(ctx context.Context, p *tenant.Principal, list []manifest.Entity, stored []any) ([]bool, error) {
	out := make([]bool, len(list))
	if p.Scope().Retailers() == nil {
		return out, nil
	}
	whole, err := tenancy.NewScope(p.Account)
	if err != nil {
		return nil, err
	}
	found, err := e.stored(ctx, e.db.Reader(whole), list)
	if err != nil {
		return nil, err
	}
	for i := range found {
		out[i] = stored[i] == nil && found[i] != nil
	}
	return out, nil
}

// exists is the fault for a key that another has.
func exists(x *manifest.Entity) error {
	return fault.New(fault.Exists, "%s ref already exists: %v", x.Type, x.Key[0]).WithCode(fault.CodeExists).At(manifest.Place + ".ref")
}

// stored finds what is there already, by one statement for each type.
func (e *Executor) stored(ctx context.Context, r *store.Reader, list []manifest.Entity) ([]any, error) {
	out := make([]any, len(list))
	type sought struct {
		keys []store.Key
		at   []int
	}
	byType := map[*catalogue.Type]*sought{}
	for i, x := range list {
		t := e.catalogue.Type(x.Among)
		if byType[t] == nil {
			byType[t] = &sought{}
		}
		byType[t].keys, byType[t].at = append(byType[t].keys, x.Key), append(byType[t].at, i)
	}
	for t, s := range byType {
		found, err := r.ByKey(ctx, t, s.keys...)
		if err != nil {
			return nil, err
		}
		for n, i := range s.at {
			out[i] = found[n]
		}
	}
	return out, nil
}

// one is an entity as its create or its update input takes it.
func (e *Executor) one(x *manifest.Entity, stored any, may manifest.May) (change.One, error) {
	t := e.catalogue.Type(x.Type)
	switch {
	case stored == nil && !may.Create:
		return change.One{}, fault.NotFoundf("%s not found: ref %v", t.Name, x.Key[0]).At(manifest.Place + ".ref")
	case stored != nil && !may.Change:
		return change.One{}, exists(x)
	case stored != nil && e.catalogue.TypeOf(stored) != t:
		return change.One{}, fault.New(fault.Exists, "%v is a %s", x.Key[0], e.catalogue.TypeOf(stored).Name).WithCode(fault.CodeExists).At(manifest.Place + ".ref")
	}
	in, given := t.Create.Input, x.Input
	if stored != nil {
		in = t.Update.Input
		given = changes(in, x.Input, stored)
	}
	value, err := document.Input(e.schema, in.Name, given, manifest.Place)
	if err != nil {
		return change.One{}, inputFault(err)
	}
	return change.One{Input: in, Value: value, Place: manifest.Place, Stored: stored}, nil
}

// changes are what an update input takes of what a create input would: parts that are there already are named by their ids.
func changes(in *catalogue.Input, given map[string]any, stored any) map[string]any {
	out := make(map[string]any, len(given))
	for _, f := range in.Fields {
		v, ok := given[f.Name]
		switch {
		case f.Identify && f.Field != nil && f.Field.Kind == catalogue.IDValue && f.Name == "id":
			v, ok = string(f.Field.Get(stored).(catalogue.ID)), true
		case ok && f.Children != nil && f.Field != nil:
			if part, object := v.(map[string]any); object {
				v = partOf(f, part, stored)
			}
		}
		if ok {
			out[f.Name] = v
		}
	}
	return out
}

// partOf is a part that an entity refers to, as its update input takes it.
func partOf(f *catalogue.InputField, given map[string]any, stored any) map[string]any {
	part := map[string]any{}
	for _, m := range f.Children.Fields {
		if v, ok := given[m.Name]; ok {
			part[m.Name] = v
		}
	}
	if id, ok := f.Field.Get(stored).(catalogue.ID); ok && id != "" {
		maps.Copy(part, map[string]any{"id": string(id)})
	}
	return part
}
