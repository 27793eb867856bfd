package availability

import (
	"context"

	"github.com/fluent-oms/fluent/dataplane/rule"
	"github.com/fluent-oms/fluent/domain/setting"
)

// Setting reads a setting for a rule, which says that it does (rule.Rule.Reads): that of a location (by ref, empty for none), of the event's
// retailer, of the account or of the platform, whichever is nearest, or its default. The error names the setting, whose it is and what is wrong.
func Setting[T any](ctx context.Context, c *rule.Context, s setting.Setting[T], locationRef string) (T, error) {
	v, given, err := Lookup(ctx, c, s, locationRef)
	if err == nil && !given {
		return s.Default(), nil
	}
	return v, err
}

// Lookup is Setting for rules that must know whether the setting is given.
func Lookup[T any](ctx context.Context, c *rule.Context, s setting.Setting[T], locationRef string) (v T, given bool, err error) {
	d, err := rule.Module[*Directory](c)
	if err != nil {
		return v, false, err
	}
	places, err := d.Places(ctx, c.Scope)
	if err != nil {
		return v, false, err
	}
	return In(c, places, places.At(locationRef), s)
}

// In is Lookup for rules that have the places and a location of theirs, nil for none.
func In[T any](c *rule.Context, p *Places, at *Place, s setting.Setting[T]) (v T, given bool, err error) {
	if err := c.MayRead(s.Declaration()); err != nil {
		return v, false, err
	}
	where := setting.Place{Retailer: int(c.Event.RetailerID)}
	if at != nil {
		where.Location = int(Number(at.Location.ID))
	}
	return s.Lookup(p.settings, where)
}
