// Package workflows holds the workflows that every retailer starts with, as public workflow JSON. Implementers read them, copy
// them and upload their own versions; nothing in the engine knows them.
package workflows

import (
	"bytes"
	"embed"
	"fmt"
	"path"
	"strconv"

	"github.com/fluent-oms/fluent/domain/workflow"
)

//go:embed *.json
var files embed.FS

// placeholder stands for the retailer's id in the files.
const placeholder = "${retailerId}"

// Artefact is one workflow of a retailer, ready to be stored.
type Artefact struct {
	Name string // ORDER::HD
	Body []byte // workflow JSON, with the retailer's id in its place
	Flow *workflow.Workflow
}

// Bodies gives the texts of the workflows that a retailer starts with. An error is a mistake in the binary.
func Bodies(retailer int32) ([][]byte, error) {
	names, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("list the default workflows: %w", err)
	}
	out := make([][]byte, len(names))
	for i, f := range names {
		raw, err := files.ReadFile(path.Clean(f.Name()))
		if err != nil {
			return nil, fmt.Errorf("read default workflow %s: %w", f.Name(), err)
		}
		out[i] = bytes.ReplaceAll(raw, []byte(placeholder), []byte(strconv.Itoa(int(retailer))))
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
