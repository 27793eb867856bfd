package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/fluent-oms/fluent/dataplane/modules/availability"
	"github.com/fluent-oms/fluent/dataplane/modules/core"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/dataplane/rule/ruletest"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/domain"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/workflow"
)

// TestConditionsAtTheirEdges: a total of 540 against 540, what lies just beside it, nothing, null, and an empty text.
func TestConditionsAtTheirEdges(t *testing.T) {
	t.Parallel()
	total := func(more m) m {
		p := m{"jsonpath": "totalPrice", "eventName": "Go"}
		for k, v := range more {
			p[k] = v
		}
		return p
	}
	for _, c := range []struct {
		rule  string
		props m
		event m
		goes  bool
	}{
		{"IfPropertyIsGreaterThan", total(m{"value": 540}), nil, false},
		{"IfPropertyIsGreaterThan", total(m{"value": 539.99}), nil, true},
		{"IfPropertyIsLessThan", total(m{"value": 540}), nil, false},
		{"IfPropertyIsLessThan", total(m{"value": 540.01}), nil, true},
		{"IfPropertyIsBetween", total(m{"value1": 500, "value2": 540}), nil, true},
		{"IfPropertyIsBetween", total(m{"value1": 500, "value2": 539.99}), nil, false},
		{"IfPropertyIsBetween", total(m{"value1": 540.01, "value2": 600}), nil, false},
		{"IfPropertyNotEquals", total(m{"value": 540.0}), nil, false},
		{"IfPropertyEquals", m{"jsonpath": "event.x", "value": "", "eventName": "Go"}, m{"x": ""}, true},
		{"IfPropertyEquals", m{"jsonpath": "event.x", "value": "", "eventName": "Go"}, m{"x": nil}, false},
		{"IfPropertyNotEquals", m{"jsonpath": "event.x", "value": "A", "eventName": "Go"}, m{"x": nil}, false},
		{"IfPropertyIsPresent", m{"jsonpath": "event.x", "eventName": "Go"}, m{"x": nil}, false},
		{"IfPropertyIsPresent", m{"jsonpath": "event.x", "eventName": "Go"}, m{"x": false}, true},
		{"IfPropertyIsPresent", m{"jsonpath": "event.x", "eventName": "Go"}, nil, false},
		{"IfPropertyIsNotPresent", m{"jsonpath": "event.x", "eventName": "Go"}, m{"x": nil}, true},
		{"IfPropertyIsNotPresent", m{"jsonpath": "event.x", "eventName": "Go"}, m{"x": 0}, false},
		{"IfPropertyIsPresent", m{"jsonpath": "customer", "eventName": "Go"}, nil, false},
		{"IfPropertyEquals", m{"jsonpath": "event.items.1.q", "value": 2, "eventName": "Go"}, m{"items": []any{m{"q": 1.0}, m{"q": 2.0}}}, true},
		{"IfPropertyIsPresent", m{"jsonpath": "event.items.2", "eventName": "Go"}, m{"items": []any{m{"q": 1.0}, m{"q": 2.0}}}, false},
		{"RouteByProperty", m{"jsonpath": "event.x", "routes": m{"": "Empty", "A": "Go"}}, m{"x": "A"}, true},
		{"RouteByProperty", m{"jsonpath": "event.x", "routes": m{"": "Empty"}, "defaultEvent": "Go"}, m{"x": nil}, true},
		{"SendEventOnVerifyingAttributeValue", m{"attributeName": "gone", "attributeValue": "", "eventName": "Go"}, nil, false},
	} {
		o := newOrder()
		turn := ruletest.New(o)
		require.NoError(t, turn.Run(core.Rules(), c.rule, o, c.props, c.event), c.rule)
		want := ""
		if c.goes {
			want = "Go>ORDER/7"
		}
		require.Equal(t, want, turn.Names(), "%s %v on %v", c.rule, c.props, c.event)
	}
}

// withoutSettings is a turn of an account that has set nothing.
func withoutSettings(root any) *ruletest.Turn {
	return ruletest.New(root).With(availability.NewFixed(ruletest.Account, &store.PlaceRows{}))
}

// TestTimersAtTheirMoment: what is due now is due; no minutes are no appointment.
func TestTimersAtTheirMoment(t *testing.T) {
	t.Parallel()
	f := &order.Fulfilment{Node: catalogue.Node{ID: "9"}}
	for due, want := range map[time.Duration]string{-time.Second: "Expire>FULFILMENT/9", 0: "Expire>FULFILMENT/9", time.Millisecond: ""} {
		at := ruletest.Now.Add(due)
		f.ExpiryTime = &at
		turn := ruletest.New(f)
		require.NoError(t, turn.Run(core.Rules(), "ForwardIfDue", f, m{"eventName": "Expire"}, nil))
		require.Equal(t, want, turn.Names(), due)
	}
	o := newOrder()
	require.ErrorContains(t, ruletest.New(o).Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "at": "event.due"}, m{"due": "9999-12-31T23:00:00-02:00"}), "is no time")
	turn := withoutSettings(o)
	for _, many := range []m{{"delayMinutes": 1 << 62}, {"delaySetting": "DELAY", "defaultDelay": 153722868}} {
		many["eventName"] = "Later"
		require.ErrorContains(t, turn.Run(core.Rules(), "ScheduleEvent", o, many, nil), "more than can be counted", "%v", many)
	}
	for _, none := range []m{{}, {"delayMinutes": 0}, {"delayMinutes": -5}, {"delaySetting": "DELAY"}, {"delaySetting": "DELAY", "defaultDelay": 0}} {
		none["eventName"] = "Later"
		require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, none, nil))
		require.Empty(t, turn.Sent, "%v", none)
	}
	require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "delayMinutes": 1.0}, m{"why": "x"}))
	require.NoError(t, turn.Run(core.Rules(), "ScheduleEvent", o, m{"eventName": "Later", "delayMinutes": 5, "delaySetting": "DELAY", "defaultDelay": 90}, nil))
	require.Equal(t, ruletest.Now.Add(time.Minute), turn.Sent[0].ScheduledOn)
	require.Equal(t, m{"why": "x"}, turn.Sent[0].Attributes)
	require.Equal(t, ruletest.Now.Add(90*time.Minute), turn.Sent[1].ScheduledOn, "a setting that is unset has its default, not the other property")
}

// TestANullStatusSetsNone: the rule fails, and the entity stays as it is.
func TestANullStatusSetsNone(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.ErrorContains(t, turn.Run(core.Rules(), "SetState", o, m{"status": nil}, nil), "PropertyNotFoundException")
	require.Equal(t, "CREATED", o.Status)
	require.Error(t, turn.Run(core.Rules(), "SetAttribute", o, m{"name": "x", "value": nil}, nil))
	require.Error(t, turn.Run(core.Rules(), "IfPropertyEquals", o, m{"jsonpath": "status", "value": nil, "eventName": "Go"}, nil))
	require.Empty(t, turn.Sent)
}

// TestWhatForwardingAdds wins over what the event brought, and the event's own attributes stay as they were.
func TestWhatForwardingAdds(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	came := m{"x": "event", "reason": "event", "stays": 1}
	require.NoError(t, turn.Run(core.Rules(), "SendEvent", o, m{"eventName": "Go", "reason": "prop", "attributes": m{"x": "prop", "reason": "attributes"}}, came))
	require.Equal(t, m{"x": "prop", "reason": "prop", "stays": 1}, turn.Sent[0].Attributes)
	require.Equal(t, m{"x": "event", "reason": "event", "stays": 1}, came)
	require.NoError(t, turn.Run(core.Rules(), "SendEvent", o, m{"eventName": ""}, came))
	require.Len(t, turn.Sent, 1, "no name, no event")
}

func TestCommentsAreCutByCharacters(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := ruletest.New(o)
	require.NoError(t, turn.Run(core.Rules(), "CreateComment", o, m{"text": "{event.gone}" + strings.Repeat("ü", 200)}, nil))
	require.NoError(t, turn.Run(core.Rules(), "CreateComment", o, m{"text": strings.Repeat("ü", 201)}, nil))
	for _, made := range turn.Created {
		c := made.(*foundation.Comment)
		require.Equal(t, strings.Repeat("ü", 200), c.Text)
		require.Equal(t, "ORDER", c.EntityType)
		require.EqualValues(t, "7", c.EntityID)
	}
}

func TestAWebhookWithoutAnAddressIsNotSent(t *testing.T) {
	t.Parallel()
	o := newOrder()
	turn := withoutSettings(o)
	require.NoError(t, turn.Run(core.Rules(), "SendWebhook", o, m{"webhookName": "W"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "SendWebhookIf", o, m{"jsonpath": "event.gone", "value": "", "webhookEndpoint": "https://x.test"}, nil))
	require.NoError(t, turn.Run(core.Rules(), "SendNotification", o, m{"template": "SHORT_PICK"}, nil))
	require.Empty(t, turn.Webhooks)
	require.Equal(t, []string{"no endpoint for webhook W", "notification SHORT_PICK"}, turn.Logs)
	require.NoError(t, turn.Run(core.Rules(), "SendWebhook", o, m{"webhookEndpoint": "https://x.test"}, nil))
	require.Equal(t, []string{"Test → https://x.test"}, turn.Webhooks, "it is named as its event")
}

// TestAnAttributeIsAddedToThoseThatAreThere with the type of its value.
func TestAnAttributeIsAddedToThoseThatAreThere(t *testing.T) {
	t.Parallel()
	o := newOrder()
	before := len(o.Attributes)
	turn := ruletest.New(o)
	for name, c := range map[string]struct {
		value any
		kind  string
	}{"text": {"x", "STRING"}, "number": {1.5, "FLOAT"}, "flag": {true, "BOOLEAN"}, "tree": {m{"a": 1.0}, "JSON"}} {
		require.NoError(t, turn.Run(core.Rules(), "SetAttribute", o, m{"name": name, "value": c.value}, nil))
		for _, a := range o.Attributes {
			if a.Name == name {
				require.Equal(t, c.kind, a.Type)
				require.Equal(t, c.value, a.Value)
			}
		}
	}
	require.NoError(t, turn.Run(core.Rules(), "SetAttribute", o, m{"name": "text", "value": 7, "type": "INTEGER"}, nil))
	require.Len(t, o.Attributes, before+4, "one that is there is changed")
}

// TestChannelsOfANotice: each has its provider's webhook, with the template and the facts; one without an address is noted, and one that there is
// not fails the rule before anything is sent.
func TestChannelsOfANotice(t *testing.T) {
	t.Parallel()
	o := newOrder()
	rows := &store.PlaceRows{Settings: []*foundation.Setting{{Name: "webhook.SEND_EMAIL", Context: "ACCOUNT", Value: "https://mail.test"},
		{Name: "webhook.notification", Context: "ACCOUNT", Value: "https://own.test"}}}
	turn := ruletest.New(o).With(availability.NewFixed(ruletest.Account, rows))
	require.NoError(t, turn.Run(core.Rules(), "SendNotification", o, m{"template": "SHIPPED", "channels": []string{"EMAIL", "SMS"}}, nil))
	require.Equal(t, []string{"SEND_EMAIL → https://mail.test"}, turn.Webhooks)
	require.Equal(t, []map[string]any{{"template": "SHIPPED"}}, turn.Posted)
	require.Equal(t, []string{"notification SHIPPED", "no endpoint for webhook SEND_SMS"}, turn.Logs)
	require.NoError(t, turn.Run(core.Rules(), "SendNotification", o, m{"template": "SHIPPED"}, nil))
	require.Equal(t, "SHIPPED → https://own.test", turn.Webhooks[1], "without channels the retailer's own hook")
	require.Nil(t, turn.Posted[1])
	require.ErrorContains(t, turn.Run(core.Rules(), "SendNotification", o, m{"template": "SHIPPED", "channels": []string{"EMAIL", "PIGEON"}}, nil), "PIGEON")
	require.Len(t, turn.Webhooks, 2)
}

// TestPropertiesOutliveWhatIsDoneWithThem: events and attributes get copies of JSON that all runs of a call share.
func TestPropertiesOutliveWhatIsDoneWithThem(t *testing.T) {
	t.Parallel()
	library := rule.NewLibrary(core.Rules())
	flow, err := workflow.Parse([]byte(`{"retailerId": "1", "entityType": "ORDER", "entitySubtype": "HD", "statuses": [], "rulesets": [{"name": "CREATE", "type": "ORDER", "rules": [
		{"name": "ACME.core.SendEvent", "props": {"eventName": "Go", "attributes": {"a": {"b": [1]}}}}, {"name": "ACME.core.SetAttribute", "props": {"name": "tree", "value": {"b": [1]}}}]}]}`))
	require.NoError(t, err)
	for range 2 {
		o := newOrder()
		turn := ruletest.New(o)
		for i := range flow.Rulesets[0].Rules {
			step, err := library.Step(&flow.Rulesets[0].Rules[i])
			require.NoError(t, err)
			require.NoError(t, step(t.Context(), &rule.Context{Event: &workflow.Event{EntityType: "ORDER", EntityID: "7"}, Entity: o, Root: turn, Read: turn, Turn: turn, Types: domain.Catalogue()}))
		}
		sent := turn.Sent[0].Attributes["a"].(map[string]any)
		stored, _ := o.Attributes.Get("tree")
		for _, tree := range []map[string]any{sent, stored.(map[string]any)} {
			require.Equal(t, map[string]any{"b": []any{1.0}}, tree)
			tree["b"].([]any)[0] = 2.0
		}
	}
}
