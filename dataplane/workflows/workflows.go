// Package workflows gives the workflows that every retailer starts with, as public workflow JSON: those of all modules. Implementers read them,
// copy them and upload their own versions; nothing in the engine knows them.
package workflows

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"sync"

	"github.com/fluent-oms/fluent/dataplane/modules"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// placeholder stands for the retailer's id in the files.
const placeholder = "${retailerId}"

// Artefact is one workflow of a retailer, ready to be stored.
type Artefact struct {
	Name string // ORDER::HD
	Body []byte // workflow JSON, with the retailer's id in its place
	Flow *workflow.Workflow
}

// file is one of the modules' files.
type file struct {
	name string // order_hd.json
	text []byte
}

// files are those of all modules, by name.
var files = sync.OnceValues(func() ([]file, error) {
	var out []file
	for _, m := range modules.All() {
		if m.Workflows == nil {
			continue
		}
		names, err := fs.Glob(m.Workflows, "workflows/*.json")
		if err != nil {
			return nil, fmt.Errorf("list the default workflows of module %s: %w", m.Name, err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(m.Workflows, name)
			if err != nil {
				return nil, fmt.Errorf("read default workflow %s of module %s: %w", name, m.Name, err)
			}
			out = append(out, file{path.Base(name), text})
		}
	}
	slices.SortFunc(out, func(a, b file) int { return cmp.Compare(a.name, b.name) })
	return out, nil
})

// Bodies gives the texts of the workflows that a retailer starts with. An error is a mistake in the binary.
func Bodies(retailer int32) ([][]byte, error) {
	list, err := files()
	if err != nil {
		return nil, err
	}
	out := make([][]byte, len(list))
	for i, f := range list {
		out[i] = bytes.ReplaceAll(f.text, []byte(placeholder), []byte(strconv.Itoa(int(retailer))))
	}
	return out, nil
}

// Default gives the workflows that a retailer starts with, parsed, in the order of Bodies. An error is a mistake in the files, which a
// test would find.
func Default(retailer int32) ([]Artefact, error) {
	bodies, err := Bodies(retailer)
	if err != nil {
		return nil, err
	}
	out := make([]Artefact, len(bodies))
	for i, body := range bodies {
		flow, err := workflow.Parse(body)
		if err != nil {
			return nil, fmt.Errorf("default workflow %d: %w", i, err)
		}
		out[i] = Artefact{Name: flow.Name, Body: body, Flow: flow}
	}
	return out, nil
}
