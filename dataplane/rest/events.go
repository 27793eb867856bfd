package rest

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/engine/history"
	"github.com/fluent-oms/fluent/dataplane/httpapi"
	"github.com/fluent-oms/fluent/dataplane/store/repeats"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/form"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Engine takes events.
type Engine interface {
	// Send stores an event to be run by itself, and returns when it is committed. What a request brings again that was carried out before, by the
	// event's own id or by the request, has the outcome of the first.
	Send(ctx context.Context, scope tenancy.Scope, event workflow.Event, request repeats.Request) (Outcome, error)
	// RunSync runs an event before it returns, or waits for that of the first request.
	RunSync(ctx context.Context, scope tenancy.Scope, event workflow.Event, request repeats.Request) (Outcome, error)
}

// Outcome is what became of an event.
type Outcome struct {
	EventID  string
	EntityID string // empty when the event names no entity that exists
	Status   string // PENDING, SCHEDULED, COMPLETE, NO_MATCH, FAILED
	Repeated bool   // it is that of an earlier request
}

// eventRequest is an event as callers send it. Ids come as strings or numbers; unknown members are ignored.
type eventRequest struct {
	ID             httpapi.Text    `json:"id"`
	Name           string          `json:"name"`
	Type           string          `json:"type"`
	RetailerID     httpapi.Text    `json:"retailerId"`
	EntityType     string          `json:"entityType"`
	EntityID       httpapi.Text    `json:"entityId"`
	EntityRef      httpapi.Text    `json:"entityRef"`
	EntitySubtype  string          `json:"entitySubtype"`
	EntityStatus   string          `json:"entityStatus"`
	RootEntityType string          `json:"rootEntityType"`
	RootEntityID   httpapi.Text    `json:"rootEntityId"`
	RootEntityRef  httpapi.Text    `json:"rootEntityRef"`
	Attributes     json.RawMessage `json:"attributes"`
	ScheduledOn    *string         `json:"scheduledOn"`
	Source         string          `json:"source"`
	Meta           struct {
		Workflow json.RawMessage `json:"workflow"`
	} `json:"meta"`
}

type eventAnswer struct {
	ID          string `json:"id"`
	EventID     string `json:"eventId"`
	EntityID    string `json:"entityId,omitempty"`
	EventStatus string `json:"eventStatus"`
}

func (a *API) sendAsync(c *call) (any, error) {
	return a.send(c, a.Engine.Send)
}

func (a *API) sendSync(c *call) (any, error) {
	return a.send(c, a.Engine.RunSync)
}

func (a *API) send(c *call, run func(context.Context, tenancy.Scope, workflow.Event, repeats.Request) (Outcome, error)) (any, error) {
	var req eventRequest
	body, err := c.read(&req)
	if err != nil {
		return nil, err
	}
	req.RetailerID = c.retailer(req.RetailerID)
	event, err := req.event(c.caller)
	if err != nil {
		return nil, err
	}
	if _, err := c.caller.CanAt(c.permission, tenancy.RetailerID(event.RetailerID)); err != nil {
		return nil, err
	}
	if event.RunOnce != nil {
		if err := c.caller.Can(updateWorkflow, tenancy.RetailerID(event.RetailerID)); err != nil {
			return nil, err // who may not change the workflows runs none of his own
		}
		event.Caller = c.caller.Caller()
	}
	outcome, err := run(c.r.Context(), c.scope().Acting(), event, c.request(body, ""))
	if err != nil {
		return nil, err
	}
	c.answers(outcome.Repeated)
	return eventAnswer{ID: outcome.EventID, EventID: outcome.EventID, EntityID: outcome.EntityID, EventStatus: outcome.Status}, nil
}

// event checks the request and turns it into an event. The error tells of every place at which something is wrong.
func (req *eventRequest) event(p *tenant.Principal) (workflow.Event, error) {
	wrong := req.check()
	event := workflow.Event{
		ID: strings.ToLower(string(req.ID)), Name: req.Name, Type: orNormal(req.Type),
		EntityType: workflow.EntityTypeName(req.EntityType), EntityID: string(req.EntityID), EntityRef: string(req.EntityRef),
		EntitySubtype: req.EntitySubtype, EntityStatus: req.EntityStatus,
		RootType: workflow.EntityTypeName(req.RootEntityType), RootID: string(req.RootEntityID), RootRef: string(req.RootEntityRef),
		Source: req.Source, GeneratedBy: p.Username, Priority: workflow.PriorityOf(workflow.Cause{By: p.Sender()}),
	}
	if req.RetailerID != "" {
		retailer, err := retailerNumber(string(req.RetailerID))
		wrong.add(err)
		event.RetailerID = int32(retailer)
	}
	var err error
	event.ScheduledOn, err = moment("scheduledOn", req.ScheduledOn)
	wrong.add(err)
	event.Attributes, err = attributes(req.Attributes)
	wrong.add(err)
	if len(req.Meta.Workflow) > 0 && string(req.Meta.Workflow) != "null" {
		event.RunOnce, err = workflow.ParseRunOnce(req.Meta.Workflow, req.Name)
		wrong.within("meta.workflow", err)
	}
	return event, wrong.err()
}

// check looks for what is missing, and for what is too long.
func (req *eventRequest) check() (wrong wrongs) {
	for _, f := range []struct{ name, value string }{{"name", req.Name}, {"entityType", req.EntityType}, {"retailerId", string(req.RetailerID)}} {
		if f.value == "" {
			wrong.add(fault.Invalidf(f.name, "This member is required").WithCode(fault.CodeMissing))
		}
	}
	for _, f := range []struct{ name, value string }{
		{"name", req.Name}, {"entityRef", string(req.EntityRef)}, {"source", req.Source}, {"entityType", req.EntityType}, {"type", req.Type},
		{"rootEntityRef", string(req.RootEntityRef)}, {"entityId", string(req.EntityID)}, {"rootEntityId", string(req.RootEntityID)}, {"rootEntityType", req.RootEntityType},
	} {
		wrong.add(short(f.name, f.value))
	}
	if req.EntityID == "" && req.EntityRef == "" {
		wrong.add(fault.Invalidf("entityRef", "An event names its entity by entityId or entityRef").WithCode(fault.CodeMissing))
	}
	wrong.known(word{"type", req.Type, eventTypes})
	wrong.plain(map[string]string{"name": req.Name, "entityRef": string(req.EntityRef), "rootEntityRef": string(req.RootEntityRef)})
	return wrong
}

func orNormal(eventType string) string {
	if eventType == "" {
		return "NORMAL"
	}
	return eventType
}

// attributes reads an event's attributes: an object of any JSON values, or null.
func attributes(raw json.RawMessage) (map[string]any, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var m catalogue.Values
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fault.Invalidf("attributes", "An object of names and values is expected").Wrap(err)
	}
	return m, nil
}

// moment reads a timestamp; nil and empty give the zero time.
func moment(field string, s *string) (time.Time, error) {
	if s == nil || *s == "" {
		return time.Time{}, nil
	}
	if t, err := form.Moment(*s); err == nil {
		return t, nil
	}
	return time.Time{}, fault.Invalidf(field, "An ISO 8601 time such as 2026-01-31T10:00:00.000Z is expected, got %q", *s).WithCode(fault.CodeDate)
}

func (a *API) getEvent(c *call) (any, error) {
	return a.History.Get(c.r.Context(), c.scope(), strings.ToLower(c.r.PathValue("id")))
}

func (a *API) searchEvents(c *call) (any, error) {
	v := c.r.URL.Query()
	start, count, err := window(c.r, history.DefaultCount, history.MaxCount)
	wrong := wrongs{err}
	q := history.Query{
		RootEntityType: v.Get("context.rootEntityType"), RootEntityID: v.Get("context.rootEntityId"), RootEntityRef: v.Get("context.rootEntityRef"),
		EntityType: v.Get("context.entityType"), EntityID: v.Get("context.entityId"), EntityRef: v.Get("context.entityRef"),
		SourceEvents: strings.ToLower(v.Get("context.sourceEvents")), EventID: strings.ToLower(v.Get("eventId")), Name: v.Get("name"), Category: v.Get("category"),
		EventType: v.Get("eventType"), EventStatus: strings.ToUpper(v.Get("eventStatus")),
		Start: start, Count: count,
	}
	for place, given := range map[string]string{"context.entityType": q.EntityType, "context.rootEntityType": q.RootEntityType} {
		if given != "" {
			wrong.known(word{place, workflow.EntityTypeName(given), a.entityTypes()})
		}
	}
	q.RetailerID, err = c.listed()
	wrong.add(err)
	wrong.known(word{"eventType", q.EventType, itemTypes}, word{"eventStatus", q.EventStatus, itemStatuses})
	from, to := v.Get("from"), v.Get("to")
	q.From, err = moment("from", &from)
	wrong.add(err)
	q.To, err = moment("to", &to)
	wrong.add(err)
	if err := wrong.err(); err != nil {
		return nil, err
	}
	return a.History.Search(c.r.Context(), c.scope(), q)
}

// listBlocked tells why roots stand still, and when they are tried again.
func (a *API) listBlocked(c *call) (any, error) {
	v := c.r.URL.Query()
	start, count, err := window(c.r, history.DefaultCount, history.MaxCount)
	if err != nil {
		return nil, err
	}
	return a.History.Blocked(c.r.Context(), c.scope(), history.Standing{EntityType: v.Get("entityType"), EntityID: v.Get("entityId"), EntityRef: v.Get("entityRef"),
		RetailerID: v.Get("retailerId"), Start: start, Count: count})
}
