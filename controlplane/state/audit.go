package state

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
)

// Audit is the trail of what changed the state, in its order.
var Audit = Table[*cpv1.AuditRecord]{name: "audit", key: func(a *cpv1.AuditRecord) string { return sequenceKey(a.GetSequence()) }}

func sequenceKey(n uint64) string { return fmt.Sprintf("%020d", n) }

// auditCommands write into the audit and change nothing.
var auditCommands = []command{
	{statev1.Kind_KIND_NOTE_FAILED_LOGINS, 4, handle(noteFailedLogins)},
}

// auditPlaces is the schema since which records say where their resource was: what becomes of it later, and what comes to have its name, does not change
// who may see them.
const auditPlaces = 6

// keptAuditRecords is how many records the state keeps; older ones go, and the chain begins at the oldest that is left.
const keptAuditRecords = 50_000

// audit appends the record of a command that changed something.
func (tx *Tx) audit(kind statev1.Kind) error {
	if tx.resource == "" {
		return nil
	}
	cluster := tx.cluster()
	record := &cpv1.AuditRecord{
		Sequence: cluster.GetAuditSequence() + 1, Index: uint64(tx.index), Time: tx.now(), Actor: tx.meta.GetActor(),
		Action: strings.TrimPrefix(kind.String(), "KIND_"), Resource: tx.resource, RequestId: tx.meta.GetRequestId(),
		Procedure: tx.meta.GetProcedure(), Detail: tx.detail, PreviousHash: cluster.GetAuditHash(),
	}
	if cluster.GetSchemaFloor() >= auditPlaces {
		at := tx.place()
		record.Region, record.Environment, record.Account = at.Region, at.Environment, at.Account
	}
	hash, err := auditHash(record)
	if err != nil {
		return err
	}
	record.Hash = hash
	cluster.AuditSequence, cluster.AuditHash = record.GetSequence(), hash
	if err := Clusters.put(tx, cluster); err != nil {
		return err
	}
	if record.GetSequence() > keptAuditRecords {
		if err := Audit.remove(tx, sequenceKey(record.GetSequence()-keptAuditRecords)); err != nil {
			return err
		}
	}
	return Audit.put(tx, record)
}

// place is where the resource is that the command changed; where it was, if it is gone.
func (tx *Tx) place() Place {
	at := placeOf(tx.View, tx.resource)
	if was := placeOf(tx.before, tx.resource); at.Region == "" && was.Region != "" {
		return was
	}
	return at
}

// PlaceOfRecord is where a record's resource was when it was changed. Records that do not say it, as those from before schema 6, are where the resource
// is now.
func PlaceOfRecord(v View, r *cpv1.AuditRecord) Place {
	if r.GetRegion() == "" {
		return placeOf(v, r.GetResource())
	}
	return Place{Region: r.GetRegion(), Environment: r.GetEnvironment(), Account: r.GetAccount()}
}

func auditHash(record *cpv1.AuditRecord) ([]byte, error) {
	bare := proto.CloneOf(record)
	bare.Hash = nil
	encoded, err := canonical.Marshal(bare)
	if err != nil {
		return nil, fmt.Errorf("encode an audit record: %w", err)
	}
	sum := sha256.Sum256(encoded)
	return sum[:], nil
}

// VerifyAudit checks the chain of all records in a view and names the first one that does not fit.
func VerifyAudit(v View) error {
	records, _ := Audit.List(v, Page{})
	var previous *cpv1.AuditRecord
	for _, r := range records {
		hash, err := auditHash(r)
		if err != nil {
			return err
		}
		if !bytes.Equal(hash, r.GetHash()) {
			return fmt.Errorf("audit record %d was changed", r.GetSequence())
		}
		if previous != nil && (r.GetSequence() != previous.GetSequence()+1 || !bytes.Equal(r.GetPreviousHash(), previous.GetHash())) {
			return fmt.Errorf("audit record %d does not follow record %d", r.GetSequence(), previous.GetSequence())
		}
		previous = r
	}
	if c := v.Cluster(); previous != nil && c.GetAuditSequence() != previous.GetSequence() {
		return fmt.Errorf("audit records after %d are missing", previous.GetSequence())
	}
	return nil
}

// noteFailedLogins leaves nothing but an audit record.
func noteFailedLogins(tx *Tx, c *statev1.NoteFailedLogins) (proto.Message, error) {
	var parts []string
	for _, f := range c.GetFailures() {
		parts = append(parts, fmt.Sprintf("%q from %s: %d", f.GetUsername(), f.GetSource(), f.GetTimes()))
	}
	if c.GetOthers() > 0 {
		parts = append(parts, fmt.Sprintf("others: %d", c.GetOthers()))
	}
	tx.touch("login", "failed")
	tx.detail = strings.Join(parts, "; ")
	return nil, nil
}
