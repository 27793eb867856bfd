package change

import (
	"context"
	"maps"
	"slices"

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

// secrets replaces a user's password and key by their hashes.
func (s *session) secrets(ctx context.Context, u *security.User, d *draft) error {
	for name, into := range map[string]struct {
		hash  *string
		field string
	}{"password": {&u.PasswordHash, "passwordHash"}, "apiKey": {&u.APIKeyHash, "apiKeyHash"}} {
		plain, given := d.value[name].(string)
		if !given {
			continue
		}
		in := d.input.Field(name)
		if err := tooLong(plain, in.MaxLen, d.Place+"."+name); err != nil {
			return err
		}
		if plain == "" {
			return fault.Invalidf(d.Place+"."+name, "%s must not be empty", name).WithCode(fault.CodeMissing)
		}
		hash, err := s.Passwords.Hash(ctx, plain)
		if err != nil {
			return err
		}
		*into.hash = hash
		d.Touch(d.Type.Field(into.field))
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
