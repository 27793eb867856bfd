package state_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/controlplane/state"
	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// without is a store whose table of hosts the table library refuses to read.
func without(t *testing.T) *state.Store {
	t.Helper()
	store, err := state.NewWithout(state.Hosts.Name())
	require.NoError(t, err)
	return store
}

// TestWhatCannotBeReadIsNotEmpty tries each way of reading. Tables that can be read go on being read.
func TestWhatCannotBeReadIsNotEmpty(t *testing.T) {
	t.Parallel()
	v := without(t).View()
	for name, read := range map[string]func() error{
		"Get":   func() (err error) { defer state.Readable(&err); state.Hosts.Get(v, "h1"); return nil },
		"Watch": func() (err error) { defer state.Readable(&err); state.Hosts.Watch(v, "h1"); return nil },
		"List":  func() (err error) { defer state.Readable(&err); state.Hosts.List(v, state.Page{}); return nil },
		"after": func() (err error) {
			defer state.Readable(&err)
			state.Hosts.List(v, state.Page{After: "h1"})
			return nil
		},
		"reverse": func() (err error) {
			defer state.Readable(&err)
			state.Hosts.List(v, state.Page{Reverse: true})
			return nil
		},
		"Group":   func() (err error) { defer state.Readable(&err); state.Hosts.Group(v, "region/here"); return nil },
		"All":     func() (err error) { defer state.Readable(&err); state.Hosts.All(v); return nil },
		"Persist": func() error { return state.Persist(v, &bytes.Buffer{}) },
	} {
		err := read()
		require.ErrorContains(t, err, "hosts", name)
		if name != "Persist" {
			require.ErrorAs(t, err, &state.Unreadable{}, name)
		}
	}
	nodes, changed := state.Nodes.All(v)
	require.Empty(t, nodes)
	require.NotNil(t, changed)
}

// TestACommandThatCannotReadEndsTheServer has a command applied that looks for a host. It is not refused, as if there were none: the error is the
// one on which the server stops, and neither the state nor the index has moved.
func TestACommandThatCannotReadEndsTheServer(t *testing.T) {
	t.Parallel()
	store := without(t)
	join, err := state.Command(&statev1.Meta{Time: at(1)}, &statev1.JudgeHost{Id: "h1"})
	require.NoError(t, err)
	result, err := store.Apply(1, marshal(t, join))
	require.ErrorAs(t, err, &state.Unreadable{})
	require.Equal(t, state.Result{}, result)
	require.Zero(t, store.View().Index())
	_, err = store.DryRun(join)
	require.ErrorAs(t, err, &state.Unreadable{})

	region, err := state.Command(&statev1.Meta{Time: at(1)}, &statev1.PutRegion{Region: &cpv1.Region{Name: "here"}})
	require.NoError(t, err)
	result, err = store.Apply(1, marshal(t, region))
	require.NoError(t, errors.Join(err, result.Err), "what can be read goes on")
}

// TestOtherPanicsGoOn: only reads are made errors of.
func TestOtherPanicsGoOn(t *testing.T) {
	t.Parallel()
	require.PanicsWithValue(t, "something else", func() {
		var err error
		defer state.Readable(&err)
		panic("something else")
	})
}
