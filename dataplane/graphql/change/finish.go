package change

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fluent-oms/fluent/dataplane/graphql/keys"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/inventory"
	"github.com/fluent-oms/fluent/domain/order"
	"github.com/fluent-oms/fluent/domain/security"
)

// compatibility is the prefix of the catalogue that stands for a retailer's own where a caller names none.
const compatibility = "COMPATIBILITY:"

// withDefaults fills in what an inline child takes from its parent's input. The caller's map is left as it is.
func withDefaults(parent *draft, in *catalogue.Input, value map[string]any) map[string]any {
	if in.Of.Name != "OrderItem" || !parent.fresh || value["productCatalogueRef"] != nil {
		return value
	}
	retailer, _ := parent.value["retailer"].(map[string]any)
	id, ok := retailer["id"].(string)
	if !ok {
		return value
	}
	value = maps.Clone(value)
	value["productCatalogueRef"] = compatibility + id
	return value
}

// finisher completes a new entity of one type with what only that type needs.
type finisher func(ctx context.Context, s *session, d *draft) error

// finishers by type name.
var finishers = map[string]finisher{
	"StoreAddress":    finishAddress,
	"CustomerAddress": finishAddress,
	"Article":         finishArticle,
	"FulfilmentItem":  finishFulfilmentItem,
	"User":            finishUser,

	"VirtualCatalogue": finishVirtualCatalogue,
}

// finishVirtualCatalogue lets a caller who is limited to some retailers build only on catalogues that those reach.
func finishVirtualCatalogue(ctx context.Context, s *session, d *draft) error {
	v := d.entity.(*inventory.VirtualCatalogue)
	if s.scope.Retailers() == nil {
		return nil
	}
	for _, c := range []struct{ typ, field, ref string }{
		{"InventoryCatalogue", "inventoryCatalogueRef", v.InventoryCatalogueRef}, {"ProductCatalogue", "productCatalogueRef", v.ProductCatalogueRef},
	} {
		t := s.Catalogue.Type(c.typ)
		w := keys.Exists(t, []*catalogue.Field{t.Field("ref")}, []any{c.ref}, d.place+"."+c.field)
		if err := keys.Resolve(ctx, s.from, w); err != nil {
			return err
		}
		if err := w.Missing(); err != nil {
			return err
		}
	}
	return nil
}

func finishAddress(_ context.Context, s *session, d *draft) error {
	switch a := d.entity.(type) {
	case *foundation.StoreAddress:
		a.Type = "AGENT"
	case *foundation.CustomerAddress:
		a.Type = "ORDER"
		a.RetailerID = s.addressee(d)
	}
	return nil
}

// addressee is the retailer whom a customer's address concerns: that of the order that it is made with, else the only one that the
// caller acts for; none for one that an account's user makes by itself.
func (s *session) addressee(d *draft) catalogue.ID {
	for at := d.parent; at != nil; at = at.parent {
		if o, ok := at.entity.(*order.Order); ok {
			return o.RetailerID
		}
	}
	if only := s.scope.Retailers(); len(only) == 1 {
		return catalogue.ID(strconv.Itoa(int(only[0])))
	}
	return ""
}

// finishArticle lets an article belong to the order of its first fulfilment, and only of that one.
func finishArticle(_ context.Context, _ *session, d *draft) error {
	a := d.entity.(*order.Article)
	for _, l := range d.links {
		f, ok := l.want.Entity.(*order.Fulfilment)
		if !ok {
			continue
		}
		if a.OrderID == "" {
			a.OrderID = f.OrderID
		}
		if f.OrderID != a.OrderID {
			return fault.Invalidf(l.want.Place, "the fulfilments of an article must be of one order").WithCode("C0160E")
		}
	}
	return nil
}

// finishFulfilmentItem refuses lines of another order.
func finishFulfilmentItem(ctx context.Context, s *session, d *draft) error {
	item := d.entity.(*order.FulfilmentItem)
	line, err := s.entity(ctx, s.Catalogue.Type("OrderItem"), item.OrderItemID)
	if err != nil || d.parent == nil {
		return err
	}
	f, isFulfilment := d.parent.entity.(*order.Fulfilment)
	l, isLine := line.(*order.OrderItem)
	if isFulfilment && isLine && l.OrderID != f.OrderID {
		return fault.NotFoundf("OrderItem not found in the order: id %s", l.ID).At(d.place + ".orderItem")
	}
	return nil
}

// guard checks and hides what concerns access, in new and in changed entities.
func (s *session) guard(ctx context.Context, d *draft) error {
	switch e := d.entity.(type) {
	case *security.User:
		return s.secrets(ctx, e, d)
	case *security.Role:
		if err := s.knownPermissions(e, d.place); err != nil {
			return err
		}
		return s.mayWrite(d)
	case *foundation.Setting:
		return knownSetting(e, d.place)
	}
	return nil
}

// knownSetting refuses settings that nothing would ever find, or know how to read.
func knownSetting(e *foundation.Setting, place string) error {
	for _, f := range []struct {
		name, value string
		known       []string
	}{
		{"context", e.Context, []string{"ACCOUNT", "RETAILER", "AGENT", "CUSTOMER", "GLOBAL"}},
		{"valueType", e.ValueType, []string{"STRING", "INTEGER", "BOOLEAN", "JSON", "LOB"}},
	} {
		if !slices.Contains(f.known, f.value) {
			return fault.Invalidf(place+"."+f.name, "%q is unknown: want %s", f.value, strings.Join(f.known, ", ")).WithCode("C0160E")
		}
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
		if err := tooLong(plain, in.MaxLen, d.place+"."+name); err != nil {
			return err
		}
		if plain == "" {
			return fault.Invalidf(d.place+"."+name, "%s must not be empty", name).WithCode("C0140E")
		}
		hash, err := s.Passwords.Hash(ctx, plain)
		if err != nil {
			return err
		}
		*into.hash = hash
		d.touch(d.typ.Field(into.field))
	}
	return s.roleContexts(ctx, u, d)
}

// contextTypes are where a role can hold.
var contextTypes = []string{"ACCOUNT", "RETAILER", "AGENT"}

func (s *session) roleContexts(ctx context.Context, u *security.User, d *draft) error {
	for _, r := range u.Roles {
		for _, c := range r.Contexts {
			if !slices.Contains(contextTypes, c.ContextType) {
				return fault.Invalidf(d.place+".roles", "%q is no context type: want ACCOUNT, RETAILER or AGENT", c.ContextType).WithCode("C0160E")
			}
		}
	}
	return s.mayGive(ctx, u, d)
}

func finishUser(_ context.Context, _ *session, d *draft) error {
	u := d.entity.(*security.User)
	if u.PasswordHash == "" {
		return fault.Invalidf(d.place+".password", "password is required").WithCode("C0140E")
	}
	return nil
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
