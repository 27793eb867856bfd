package turn

import (
	"context"
	"fmt"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/workflow"
	"github.com/fluent-oms/fluent/tenancy"
)

// Callers knows what users may do at the moment.
type Callers interface {
	// Principal is who acts, as tenant.Identity names it, with its rights; nil, nil when there is nobody such or it may not enter any more.
	Principal(ctx context.Context, account tenancy.AccountID, caller string) (*tenant.Principal, error)
}

// errNoCallers says that a runner cannot run events that users answer for.
var errNoCallers = fault.New(fault.Unprocessable, "events with a workflow of their own are not available here")

// authority is for whom the rules of an event work. Rules of active workflows work for the retailer that activated them, and may do what
// rules can do. An event that brought its own workflow, and all that follows from it, work for the user who sent it: what their
// rules ask for is noted while a rule runs, and the rule fails if the user might not do it himself.
type authority struct {
	who   *tenant.Principal // nil: the retailer's own rules
	asked []asked
}

// asked is something that a rule asked for.
type asked struct {
	typ        *catalogue.Type // of the entity; nil for an event
	ptr        any
	permission string
	retailer   tenancy.RetailerID // of an event
}

// onBehalfOf makes the unit work for whom an event works.
func (u *unit) onBehalfOf(ctx context.Context, ev *workflow.Event) error {
	if u.auth.who != nil {
		u.auth = authority{}
		u.read = u.r.d.DB.Reader(u.in.Scope)
	}
	if ev.Caller == "" {
		if ev.RunOnce != nil {
			return fault.New(fault.Forbidden, "nobody answers for the workflow that the event brings along")
		}
		return nil
	}
	if u.r.d.Callers == nil {
		return errNoCallers
	}
	who, err := u.r.d.Callers.Principal(ctx, u.in.Scope.Account(), ev.Caller)
	if err != nil {
		return fmt.Errorf("load the rights of %s, who sent event %s: %w", ev.GeneratedBy, ev.Name, err)
	}
	if who == nil {
		return fault.New(fault.Forbidden, "user %s, who sent the event, may not work here any more", ev.GeneratedBy)
	}
	u.auth.who = who
	u.read = u.r.d.DB.Reader(who.Scope())
	return nil
}

// reach is the data that rules of the present event see.
func (u *unit) reach() tenancy.Scope {
	if u.auth.who != nil {
		return u.auth.who.Scope()
	}
	return u.in.Scope
}

func (u *unit) ask(a asked) {
	if u.auth.who != nil {
		u.auth.asked = append(u.auth.asked, a)
	}
}

// askMutation notes that a rule creates or changes an entity; action is _CREATE or _UPDATE.
func (u *unit) askMutation(t *catalogue.Type, ptr any, action string) {
	u.ask(asked{typ: t, ptr: ptr, permission: t.Permission + action})
}

// askEffect notes what an effect will do at commit. One that doesn't say is for the retailer's own rules only.
func (u *unit) askEffect(key string, e rule.Effect) {
	g, ok := e.(rule.Guarded)
	if !ok {
		u.ask(asked{permission: "the effect " + key, retailer: nobody})
		return
	}
	permissions, on := g.Needs()
	for _, permission := range permissions {
		u.ask(asked{typ: u.r.types.typeOf(on), ptr: on, permission: permission})
	}
}

// nobody is a retailer for which nobody has a permission.
const nobody tenancy.RetailerID = -1

// allowed decides about all that was asked for since it was called last.
func (u *unit) allowed(ctx context.Context) error {
	list := u.auth.asked
	u.auth.asked = nil
	for _, a := range list {
		if err := u.allow(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// allow decides as the API decides about a mutation of the user's own: see change.session.allow.
func (u *unit) allow(ctx context.Context, a asked) error {
	if a.typ == nil {
		return u.auth.who.Can(a.permission, a.retailer)
	}
	if u.auth.who.Conditional(a.permission) {
		return u.auth.who.Elsewhere(a.permission) // what rows say decides, and these are not written yet
	}
	retailers, err := u.making().Concerned(ctx, finder{u}, a.ptr, "")
	if err != nil {
		return err
	}
	for _, r := range retailers {
		if err := u.auth.who.Can(a.permission, r); err != nil {
			return err
		}
	}
	switch {
	case len(retailers) > 0:
		return nil
	case a.typ.AccountWide:
		return u.auth.who.Can(a.permission, 0)
	}
	return u.auth.who.CanSomewhere(a.permission)
}
