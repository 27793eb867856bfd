package state

import (
	"google.golang.org/protobuf/proto"

	statev1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/state/v1"
)

// Operators are the operators, by their usernames.
var Operators = Table[*statev1.OperatorRecord]{name: "operators",
	key: func(o *statev1.OperatorRecord) string { return o.GetOperator().GetUsername() }}

// operatorCommands are about operators.
var operatorCommands = []command{
	{statev1.Kind_KIND_PUT_OPERATOR, 1, handle(putOperator)},
	{statev1.Kind_KIND_SET_PASSWORD, 1, handle(setPassword)},
}

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
