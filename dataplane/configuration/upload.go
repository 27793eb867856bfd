package configuration

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/fluent-oms/fluent/dataplane/store/artefacts"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	nodev1 "github.com/fluent-oms/fluent/proto/gen/fluent/node/v1"
	"github.com/fluent-oms/fluent/tenancy"
)

// Upload stores a workflow and activates it as stable: one artefact, one configuration version that differs in it, one activation.
type Upload struct {
	Scope   tenancy.Scope
	Text    []byte             // as it was sent
	Parsed  *workflow.Workflow // the same
	Author  string
	Names   *workflow.Names // the rule library; nil: rules are not checked
	Control Committer
}

// attempts bounds how often an upload is tried again because another one for the same retailer came between.
const attempts = 5

// Upload carries an upload out and returns the version that it got, with the problems that did not refuse it.
func (c *Configurations) Upload(ctx context.Context, u Upload) (string, []workflow.Problem, error) {
	problems := u.Parsed.Validate(u.Names)
	if u.Names != nil {
		if err := workflow.Refused(problems); err != nil {
			return "", nil, err
		}
	}
	retailer, err := retailerOf(u.Parsed)
	if err != nil {
		return "", nil, err
	}
	for i := 1; ; i++ {
		version, err := c.try(ctx, u, retailer)
		if err == nil || i == attempts || !fault.Is(err, fault.Conflict) {
			return version, problems, err
		}
	}
}

func (c *Configurations) try(ctx context.Context, u Upload, retailer tenancy.RetailerID) (string, error) {
	account, of := u.Scope.Account(), artefacts.Workflow{Retailer: retailer, Name: u.Parsed.Name}
	base := c.configuration(account, retailer)
	if base == nil || base.Stable.ID == "" { // a commit that names no base would replace what this node does not know
		return "", fault.New(fault.Unavailable, "Retailer %d is being made, but this node has not heard that it is ready; try again", retailer)
	}
	active, err := c.readable(ctx, base, of.Name)
	if err != nil {
		return "", err
	}
	have, err := c.newest(ctx, u.Scope, of, active)
	if err != nil {
		return "", err
	}
	version, err := workflow.NextVersion(have, u.Parsed.Version)
	if err != nil {
		return "", fault.Invalidf("version", "%s", err.Error())
	}
	number, err := workflow.VersionNumber(version)
	if err != nil {
		return "", err
	}
	text, err := withMember(u.Text, "version", version)
	if err != nil {
		return "", err
	}
	hash, err := c.store.Put(ctx, u.Scope, text)
	if err != nil {
		return "", fmt.Errorf("keep workflow %s: %w", of.Name, err)
	}
	if err := c.remember(ctx, u.Scope, of, active, number); err != nil {
		return "", err
	}
	_, err = u.Control.Commit(ctx, &nodev1.CommitConfigurationRequest{
		RequestId: rand.Text(), Account: string(account), Retailer: int32(retailer), Author: u.Author,
		Artefacts: map[string]string{ArtefactName(of.Name, number): hash}, Message: u.Parsed.VersionComment,
		BaseVersion: base.Stable.ID,
	})
	if err != nil {
		return "", err
	}
	// The next upload would do this. Done now, the number is not given out again by a control plane that is put back from a backup; a
	// failure costs no more than that, and the workflow is active.
	err = c.store.Keep(ctx, u.Scope, of, artefacts.Version{Number: number, Hash: hash, Comment: u.Parsed.VersionComment})
	c.kept.Report(c.log, "an uploaded version of a workflow is active, but not yet among those that are kept", unkept(u.Scope, of, version, err))
	return version, nil
}

// unkept says whose version could not be kept; nil where it was.
func unkept(scope tenancy.Scope, of artefacts.Workflow, version string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("account %s, retailer %d: workflow %s %s: %w", scope.Account(), of.Retailer, of.Name, version, err)
}

func retailerOf(w *workflow.Workflow) (tenancy.RetailerID, error) {
	var number int32
	if err := json.Unmarshal([]byte(w.RetailerID), &number); err != nil || number <= 0 {
		return 0, fault.Invalidf("retailerId", "A retailer's number is expected, got %q", w.RetailerID)
	}
	return tenancy.RetailerID(number), nil
}

// withMember returns the JSON object with one member set to a string, and every other member where and as it was.
func withMember(object []byte, name, value string) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(object))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errors.New("the workflow is not a JSON object"), err)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.WriteByte('{')
	found := false
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		var member json.RawMessage
		if err := decoder.Decode(&member); err != nil {
			return nil, err
		}
		if key == name {
			member, found = encoded, true
		}
		if err := writeMember(&out, key, member); err != nil {
			return nil, err
		}
	}
	if !found {
		if err := writeMember(&out, name, encoded); err != nil {
			return nil, err
		}
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

func writeMember(out *bytes.Buffer, key any, value json.RawMessage) error {
	encoded, err := json.Marshal(key)
	if err != nil {
		return err
	}
	if out.Len() > 1 {
		out.WriteByte(',')
	}
	out.Write(encoded)
	out.WriteByte(':')
	out.Write(value)
	return nil
}
