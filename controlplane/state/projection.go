package state

import (
	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
)

// projection is what nodes hear of the state: one list, from which come both the snapshot that a node gets first and the changes after it. Each
// table comes after those that its rows refer to.
var projection = []projected{
	inEnvironment(Environments, (*cpv1.Environment).GetName, environmentResource),
	inEnvironment(Nodes, (*cpv1.Node).GetEnvironment, peerResource),
	inEnvironment(Accounts, homeOf, accountResource),
	ofAccount(Activations, (*statev1.Activation).GetAccount, configurationResource),
}

// projected is a table as nodes hear of it.
type projected struct {
	table string
	// all is what nodes of an environment hear of the table in a snapshot.
	all func(v View, environment string) []*nodev1.Resource
	// change tells what they hear when a row has changed; before or after is nil for one that came or went.
	change func(v View, before, after proto.Message, tell tell)
	// of is what they hear of the table when an account has come to their environment; nil for what belongs to no account.
	of func(v View, account string) []*nodev1.Resource
}

// tell tells an environment of a resource, or that it is gone.
type tell func(environment string, r *nodev1.Resource, deleted bool)

// inEnvironment projects a table whose rows are each in one environment, and in the group of that name.
func inEnvironment[T proto.Message](t Table[T], home func(T) string, show func(View, T) *nodev1.Resource) projected {
	return projected{
		table: t.name,
		all: func(v View, environment string) []*nodev1.Resource {
			rows, _ := t.Group(v, InEnvironment(environment))
			return shown(v, rows, show)
		},
		change: func(v View, before, after proto.Message, tell tell) {
			changed(before, after, tell, home, func(row T) *nodev1.Resource { return show(v, row) })
		},
	}
}

// ofAccount projects a table whose rows each belong to an account, with whose name and a slash their keys begin.
func ofAccount[T proto.Message](t Table[T], account func(T) string, show func(View, T) *nodev1.Resource) projected {
	of := func(v View, name string) []*nodev1.Resource {
		rows, _ := t.List(v, Page{Prefix: name + "/"})
		return shown(v, rows, show)
	}
	return projected{
		table: t.name, of: of,
		all: func(v View, environment string) (out []*nodev1.Resource) {
			accounts, _ := Accounts.Group(v, InEnvironment(environment))
			for _, a := range accounts {
				out = append(out, of(v, a.GetAccount().GetName())...)
			}
			return out
		},
		change: func(v View, before, after proto.Message, tell tell) {
			home := func(row T) string {
				owner, _ := Accounts.Get(v, account(row))
				return homeOf(owner)
			}
			changed(before, after, tell, home, func(row T) *nodev1.Resource { return show(v, row) })
		},
	}
}

func shown[T any](v View, rows []T, show func(View, T) *nodev1.Resource) []*nodev1.Resource {
	out := make([]*nodev1.Resource, 0, len(rows))
	for _, row := range rows {
		out = append(out, show(v, row))
	}
	return out
}

func homeOf(r *statev1.AccountRecord) string { return r.GetAccount().GetEnvironment() }

// Desired lists all that a node of an environment must know, in an order in which each thing comes after what it refers to.
func Desired(v View, environment string) []*nodev1.Resource {
	var out []*nodev1.Resource
	for _, p := range projection {
		out = append(out, p.all(v, environment)...)
	}
	return out
}

// desiredChanges turns what a command wrote into what nodes must hear, by environment.
func desiredChanges(tx *Tx, index Index) published {
	out := published{index: index, changes: map[string][]*nodev1.Change{}}
	tell := func(environment string, r *nodev1.Resource, deleted bool) {
		if environment != "" {
			out.changes[environment] = append(out.changes[environment], &nodev1.Change{Index: uint64(index), Resource: r, Deleted: deleted})
		}
	}
	for _, c := range tx.txn.Changes() {
		before, after := rowMessage(c.Before), rowMessage(c.After)
		for _, p := range projection {
			if p.table == c.Table {
				p.change(tx.View, before, after, tell)
			}
		}
		if c.Table == Accounts.name {
			moved(tx.View, before, after, tell)
		}
		planned(tx.View, before, after, tell)
	}
	return out
}

// planned tells an environment of its accounts when its plan is another one, and their limits with it.
func planned(v View, before, after proto.Message, tell tell) {
	was, _ := before.(*cpv1.Environment)
	is, _ := after.(*cpv1.Environment)
	if was == nil || is == nil || PlanOf(was) == PlanOf(is) {
		return
	}
	accounts, _ := Accounts.Group(v, InEnvironment(is.GetName()))
	for _, a := range accounts {
		tell(is.GetName(), accountResource(v, a), false)
	}
}

// moved tells an account's new environment what belongs to the account, and the one that it has left that this is gone with it.
func moved(v View, before, after proto.Message, tell tell) {
	was, _ := before.(*statev1.AccountRecord)
	is, _ := after.(*statev1.AccountRecord)
	if is == nil || homeOf(was) == homeOf(is) {
		return
	}
	for _, p := range projection {
		if p.of == nil {
			continue
		}
		for _, r := range p.of(v, is.GetAccount().GetName()) {
			tell(homeOf(was), r, true)
			tell(homeOf(is), r, false)
		}
	}
}

// changed tells the home of what a row was that it left, and the home of what it is that it is there.
func changed[T proto.Message](before, after proto.Message, tell tell, home func(T) string, resource func(T) *nodev1.Resource) {
	is, exists := after.(T)
	was, existed := before.(T)
	if exists && existed && home(was) == home(is) && proto.Equal(resource(was), resource(is)) {
		return // what changed is nothing that nodes know of
	}
	if existed && (!exists || home(was) != home(is)) {
		tell(home(was), resource(was), true)
	}
	if exists {
		tell(home(is), resource(is), false)
	}
}

func rowMessage(raw any) proto.Message {
	if r, ok := raw.(*row); ok {
		return r.message
	}
	return nil
}
