package core_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
)

func newOrder() *order.Order {
	price := 540.0
	o := &order.Order{Node: catalogue.Node{ID: "7"}, Ref: "O7", TotalPrice: &price, Attributes: catalogue.Attributes{
		{Name: "paymentStatus", Type: "STRING", Value: "PENDING"}, {Name: "due", Type: "STRING", Value: "2026-03-02T12:00:00Z"}}}
	o.Type, o.Status = "HD", "CREATED"
	return o
}

type m = map[string]any

// TestForwardingRules: each row runs one rule on an order in status CREATED, type HD, total 540, and says what it sends.
func TestForwardingRules(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rule  string
		props m
		event m
		want  string
	}{
		{"SendEvent", m{"eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyEquals", m{"jsonpath": "status", "value": "CREATED", "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyEquals", m{"jsonpath": "status", "value": "BOOKED", "eventName": "Go"}, nil, ""},
		{"IfPropertyEquals", m{"jsonpath": "totalPrice", "value": "540", "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyEquals", m{"jsonpath": "missing", "value": "x", "eventName": "Go"}, nil, ""},
		{"IfPropertyNotEquals", m{"jsonpath": "status", "value": "BOOKED", "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyNotEquals", m{"jsonpath": "missing", "value": "x", "eventName": "Go"}, nil, ""},
		{"IfPropertyIsGreaterThan", m{"jsonpath": "totalPrice", "value": 500, "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyIsLessThan", m{"jsonpath": "totalPrice", "value": 500, "eventName": "Go"}, nil, ""},
		{"IfPropertyIsBetween", m{"jsonpath": "totalPrice", "value1": 540, "value2": 600, "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"IfPropertyIsPresent", m{"jsonpath": "event.reason", "eventName": "Go"}, m{"reason": "R"}, "Go>ORDER/7"},
		{"IfPropertyIsNotPresent", m{"jsonpath": "event.reason", "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"RouteByProperty", m{"jsonpath": "attributes.byName.paymentStatus", "routes": m{"PENDING": "Wait"}, "defaultEvent": "Go"}, nil, "Wait>ORDER/7"},
		{"RouteByProperty", m{"jsonpath": "attributes.byName.fraudStatus", "routes": m{"REVIEW": "Hold"}, "defaultEvent": "Go"}, nil, "Go>ORDER/7"},
		{"RouteByProperty", m{"jsonpath": "event.result", "routes": m{"OK": "Go"}}, m{"result": "NO"}, ""},
		{"SendEventOnVerifyingAttributeValue", m{"attributeName": "paymentStatus", "attributeValue": "PENDING", "eventName": "Go"}, nil, "Go>ORDER/7"},
		{"SendEventOnVerifyingAttributeValue", m{"attributeName": "paymentStatus", "attributeValue": "PAID", "eventName": "Go"}, nil, ""},
		{"ForwardIfDue", m{"eventName": "Go"}, nil, "Go>ORDER/7"},
	} {
		o := newOrder()
		turn := ruletest.New(o)
		require.NoError(t, turn.Run(core.Rules(), c.rule, o, c.props, c.event), c.rule)
		require.Equal(t, c.want, turn.Names(), "%s %v", c.rule, c.props)
	}
}

func TestForwardedEventsKeepAttributes(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "SendEvent", o, m{"eventName": "Go", "reason": "WHY", "attributes": m{"x": 1}}, m{"y": 2}))
	require.Equal(t, m{"x": 1.0, "y": 2, "reason": "WHY"}, turn.Sent[0].Attributes)
}

func TestStates(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "SetStateIf", o, m{"from": "BOOKED", "status": "LOST"}, nil))
	require.Equal(t, "CREATED", o.Status)
	require.NoError(t, turn.Run(core.Rules(), "SetState", o, m{"status": "BOOKED"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "SetStateIf", o, m{"from": "BOOKED", "status": "HOLD"}, nil))
	require.Equal(t, "HOLD", o.Status)
	require.Error(t, turn.Run(core.Rules(), "SetState", nil, m{"status": "BOOKED"}, nil))
}

func TestScheduledEvents(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "delayMinutes": 90}, nil))
	require.Equal(t, ruletest.Now.Add(90*time.Minute), turn.Sent[0].ScheduledOn)
	require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "at": "attributes.byName.due"}, nil))
	require.Equal(t, ruletest.Now.Add(2*time.Hour), turn.Sent[1].ScheduledOn)
	require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "at": "attributes.byName.never"}, nil))
	require.Len(t, turn.Sent, 2, "nothing says when")
	require.Error(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "at": "status"}, nil))

	f := &order.Fulfilment{Node: catalogue.Node{ID: "9"}}
	later := ruletest.Now.Add(time.Hour)
	f.ExpiryTime = &later
	turn.Sent = nil
	require.NoError(t, turn.Run(core.Rules(), "ForwardIfDue", f, m{"eventName": "Expire"}, nil))
	require.Empty(t, turn.Sent, "the time was moved")
}

func TestAttributesAndComments(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "SetAttribute", o, m{"name": "cancelReason", "value": "REVISED"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "UpdateAttributeFromEvent", o, m{"mapping": m{"fraudStatus": "event.result", "gone": "event.nothing"}}, m{"result": "REVIEW"}))
	v, _ := o.Attributes.Get("cancelReason")
	require.Equal(t, "REVISED", v)
	v, _ = o.Attributes.Get("fraudStatus")
	require.Equal(t, "REVIEW", v)
	_, ok := o.Attributes.Get("gone")
	require.False(t, ok)
	require.NoError(t, turn.Run(core.Rules(), "CreateComment", o, m{"text": "order {ref} is {status}"}, nil))
	require.Equal(t, "order O7 is CREATED", turn.Created[0].(*foundation.Comment).Text)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "SendWebhook", o, m{"webhookName": "W", "webhookEndpoint": "https://x.test"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "SendWebhookIf", o, m{"jsonpath": "type", "value": "CC", "webhookName": "W", "webhookEndpoint": "https://x.test"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "SendWebhookIf", o, m{"jsonpath": "type", "value": "HD", "webhookName": "V", "webhookEndpoint": "https://x.test"}, nil))
	require.Equal(t, []string{"W → https://x.test", "V → https://x.test"}, turn.Webhooks)
}

func TestWrongPropertiesAreErrors(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	for _, c := range []struct {
		rule  string
		props m
	}{
		{"SetState", m{"status": m{}}}, {"RouteByProperty", m{"jsonpath": "status", "routes": "x"}},
		{"IfPropertyIsGreaterThan", m{"jsonpath": "status", "value": 5, "eventName": "Go"}}, {"SendEvent", m{"eventName": "Go", "attributes": 5}},
		{"ScheduleEvent", m{"eventName": "Go", "delayMinutes": "soon"}},
	} {
		require.Error(t, turn.Run(core.Rules(), c.rule, o, c.props, nil), "%s %v", c.rule, c.props)
	}
	require.Empty(t, turn.Sent)
}

var _ rule.Turn = (*ruletest.Turn)(nil)
