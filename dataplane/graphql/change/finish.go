package change

import (
	"context"
	"maps"
	"slices"

	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
)

// withDefaults fills in what a new inline child takes from its parent's input, before what it points at is looked for. The caller's map is left
// as it is.
func withDefaults(parent *draft, f *catalogue.InputField, value map[string]any) map[string]any {
	for _, def := range f.Children.Of.Defaults {
		in := inputFor(f.Children, def.Field)
		if in == nil || value[in.Name] != nil || !parent.New || len(def.Path) != 2 || f.Edge == nil || f.Edge.By != def.Path[0] {
			continue
		}
		from := inputFor(parent.input, def.Path[1])
		if from == nil {
			continue
		}
		key, _ := parent.value[from.Name].(map[string]any)
		if id, ok := key["id"].(string); ok {
			value = maps.Clone(value)
			value[in.Name] = def.Before + id + def.After
		}
	}
	return value
}

// inputFor is the field of an input that sets a field; nil if none does.
func inputFor(in *catalogue.Input, f *catalogue.Field) *catalogue.InputField {
	for _, x := range in.Fields {
		if x.Field == f {
			return x
		}
	}
	return nil
}

// guard checks and hides what concerns access, in new and in changed entities.
func (s *session) guard(ctx context.Context, d *draft) error {
	switch e := d.Entity.(type) {
	case *security.User:
		return s.secrets(ctx, e, d)
	case *security.Role:
		if err := s.knownPermissions(e, d.Place); err != nil {
			return err
		}
		return s.mayWrite(d)
	}
	return nil
}

// secrets replaces a user's password by its hash. A key of a user's would open nothing: it is refused, so that nobody relies on one.
func (s *session) secrets(ctx context.Context, u *security.User, d *draft) error {
	if d.value["apiKey"] != nil {
		return fault.New(fault.Unprocessable, "users have no API keys here: make an API client, POST /api/v4.1/client, and call with its id and secret").
			At(d.Place + ".apiKey")
	}
	if plain, given := d.value["password"].(string); given {
		place := d.Place + ".password"
		if err := entity.CheckLength(plain, d.input.Field("password").MaxLen); err != nil {
			return fault.Of(err).At(place)
		}
		if plain == "" {
			return fault.Invalidf(place, "password must not be empty").WithCode(fault.CodeMissing)
		}
		var err error
		if u.PasswordHash, err = s.Passwords.Hash(ctx, plain); err != nil {
			return err
		}
		d.Touch(d.Type.Field("passwordHash"))
	}
	return s.roleContexts(ctx, u, d)
}

// contextTypes are where a role can hold.
var contextTypes = []string{"ACCOUNT", "RETAILER", "AGENT"}

func (s *session) roleContexts(ctx context.Context, u *security.User, d *draft) error {
	for _, r := range u.Roles {
		for _, c := range r.Contexts {
			if !slices.Contains(contextTypes, c.ContextType) {
				return fault.Invalidf(d.Place+".roles", "%q is no context type: want ACCOUNT, RETAILER or AGENT", c.ContextType).WithCode(fault.CodeInvalid)
			}
		}
	}
	return s.mayGive(ctx, u, d)
}

func (s *session) knownPermissions(r *security.Role, place string) error {
	all := s.Catalogue.Permissions()
	for _, p := range r.Permissions {
		if _, known := slices.BinarySearch(all, p.Name); !known {
			return fault.NotFoundf("Permission not found: %s", p.Name).At(place + ".permissions")
		}
	}
	return nil
}
