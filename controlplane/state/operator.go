package state

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

func putOperator(tx *Tx, c *statev1.PutOperator) (proto.Message, error) {
	operator := c.GetOperator()
	before, found := Operators.Get(tx.View, operator.GetUsername())
	if _, err := create("operator", operator.GetUsername(), c.GetEtag(), before.GetOperator(), found); err != nil {
		return nil, err
	}
	record := &statev1.OperatorRecord{Operator: operator, PasswordHash: c.GetPasswordHash()}
	if found {
		record.PasswordHash = before.GetPasswordHash()
	}
	stamp(tx, operator, before.GetOperator())
	tx.touch("operator", operator.GetUsername())
	return operator, Operators.put(tx, record)
}

func setPassword(tx *Tx, c *statev1.SetPassword) (proto.Message, error) {
	before, found := Operators.Get(tx.View, c.GetUsername())
	if !found {
		return nil, notFound("operator", c.GetUsername())
	}
	record := proto.CloneOf(before)
	record.PasswordHash = c.GetPasswordHash()
	tx.touch("operator", c.GetUsername())
	return nil, Operators.put(tx, record)
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
