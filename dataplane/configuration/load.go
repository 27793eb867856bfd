package configuration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// readTime bounds the reading of one artefact. Callers that come meanwhile wait for the same reading.
const readTime = 10 * time.Second

// errBroken marks an artefact that is not in the database, or is not what it should be. Only an upload mends it, or a better backup.
var errBroken = errors.New("the artefact is broken")

// load gives an active workflow of a retailer. A cached one costs no I/O.
func (c *Configurations) load(ctx context.Context, account tenancy.AccountID, retailer tenancy.RetailerID, name, hash string) (*workflow.Workflow, error) {
	key := artefactKey{account, hash}
	if w := c.parsed.get(key); w != nil {
		return w, nil
	}
	loaded, err, _ := c.flight.Do(string(account)+"/"+hash, func() (any, error) { return c.read(context.WithoutCancel(ctx), key) })
	if errors.Is(err, errBroken) {
		return nil, fault.New(fault.Unavailable, "Workflow %s of retailer %d cannot be used: its text %.12s is missing or damaged. Upload it again", name, retailer, hash).Wrap(err)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return nil, fault.New(fault.Unavailable, "Workflow %s of retailer %d could not be read in time; try again soon", name, retailer).Wrap(err)
	}
	if err != nil {
		return nil, fmt.Errorf("read workflow %s of retailer %d: %w", name, retailer, err)
	}
	return loaded.(*workflow.Workflow), nil
}

// read reads and parses an artefact, and puts it in the cache.
func (c *Configurations) read(ctx context.Context, key artefactKey) (*workflow.Workflow, error) {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	scope, err := tenancy.NewScope(key.account)
	if err != nil {
		return nil, err
	}
	text, err := c.store.Get(ctx, scope, key.hash)
	if fault.Is(err, fault.NotFound) {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(text); hex.EncodeToString(sum[:]) != key.hash {
		return nil, fmt.Errorf("%w: the text's SHA-256 is %x", errBroken, sum)
	}
	c.parsing <- struct{}{} // parsing takes many times the text, for a moment
	defer func() { <-c.parsing }()
	w, err := workflow.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	parts, err := workflow.Parts(w, string(key.account))
	if err != nil {
		return nil, err
	}
	return c.parsed.put(key, parts, w), nil
}
