package signon

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/dataplane/entity"
	"github.com/fluent-oms/fluent/dataplane/identity"
	"github.com/fluent-oms/fluent/dataplane/store"
	"github.com/fluent-oms/fluent/dataplane/store/access"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/tenancy"
)

// person is what a provider says of somebody.
type person struct {
	subject                      string
	username, first, last, email string
	roles                        []string
}

// read takes out of a token, which is good, what it says of somebody.
func read(config Config, token *oidc.IDToken, nonce string) (person, error) {
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(nonce)) != 1 {
		return person{}, fmt.Errorf("the id_token is for another sign-on")
	}
	var claims map[string]any
	if err := token.Claims(&claims); err != nil {
		return person{}, fmt.Errorf("read the claims: %w", err)
	}
	if party, named := claims["azp"]; len(token.Audience) > 1 && !named || named && party != config.ClientID {
		return person{}, fmt.Errorf("the id_token was given to another client")
	}
	names := config.Claims
	p := person{
		subject: token.Subject, username: text(claims, names.Username), first: text(claims, names.FirstName), last: text(claims, names.LastName),
		email: text(claims, names.Email), roles: texts(claims, names.Roles),
	}
	switch verified := claims["email_verified"]; {
	case p.subject == "" || len(p.subject) > maxText:
		return person{}, fmt.Errorf("the id_token has no subject that can be kept")
	case p.username == "":
		return person{}, errRefused("The identity provider does not say who you are here: its claim " + names.Username + " is missing")
	case names.Username == emailClaim && verified != true && verified != "true":
		return person{}, errRefused("The identity provider has not verified your e-mail address")
	}
	return p, nil
}

// claim finds a claim by its name, or by a path into objects.
func claim(claims map[string]any, name string) any {
	if v, there := claims[name]; there {
		return v
	}
	first, rest, deeper := strings.Cut(name, ".")
	if within, is := claims[first].(map[string]any); deeper && is {
		return claim(within, rest)
	}
	return nil
}

func text(claims map[string]any, name string) string {
	s, _ := claim(claims, name).(string)
	return s
}

func texts(claims map[string]any, name string) (out []string) {
	switch v := claim(claims, name).(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			if s, is := x.(string); is {
				out = append(out, s)
			}
		}
	}
	return out
}

// userOf finds or makes the user that somebody is, and gives him the roles that the provider says. Who once was known as a user stays that one,
// whatever becomes of his name; and nobody else becomes that user, to whom the name is given next.
func (s *Service) userOf(ctx context.Context, scope tenancy.Scope, config Config, p person) (catalogue.ID, error) {
	id, err := s.settle(ctx, scope, config, p)
	if fault.Is(err, fault.Exists) { // two of his sign-ons at once: the other one made him
		id, err = s.settle(ctx, scope, config, p)
	}
	return id, err
}

func (s *Service) settle(ctx context.Context, scope tenancy.Scope, config Config, p person) (catalogue.ID, error) {
	roles, err := s.mapped(ctx, scope, config, p)
	if err != nil {
		return "", err
	}
	user, linked, err := s.find(ctx, scope, config, p)
	if err != nil {
		return "", err
	}
	if user == nil {
		return s.make(ctx, scope, config, p, roles)
	}
	if user.Type == security.APIUser || !identity.MayEnter(user) {
		return "", errRefused("Your user is closed here, or is one of a program")
	}
	id := user.ID
	typ := store.TypeOf[security.User](s.DB)
	if same := len(config.Roles) == 0 || equal(user.Roles, roles); linked && same {
		return id, nil
	}
	err = s.DB.Write(ctx, scope, func(tx *store.Tx) error {
		if !linked {
			access.AddLink(tx, access.Link{Issuer: config.Issuer, Subject: p.subject, UserID: id})
		}
		if len(config.Roles) == 0 {
			return nil
		}
		found, err := store.Get[security.User](ctx, tx.Reader, id)
		if err != nil || found[0] == nil {
			return err
		}
		found[0].Roles = roles
		tx.Update(found[0], typ.Field("roles"))
		return nil
	})
	return id, err
}

// find looks for the user that somebody is: by what was said before, else by name.
func (s *Service) find(ctx context.Context, scope tenancy.Scope, config Config, p person) (user *security.User, linked bool, err error) {
	reader := s.DB.Reader(scope)
	id, err := access.LinkOf(ctx, reader, config.Issuer, p.subject)
	if err != nil {
		return nil, false, err
	}
	if id != "" {
		found, err := store.Get[security.User](ctx, reader, id)
		if err == nil && found[0] == nil {
			err = errRefused("Your user is no longer there")
		}
		if err != nil {
			return nil, false, err
		}
		return found[0], true, nil
	}
	named, err := reader.PrincipalByUsername(ctx, p.username)
	switch {
	case fault.Is(err, fault.NotFound) && config.Users == JustInTime:
		return nil, false, nil
	case fault.Is(err, fault.NotFound):
		return nil, false, errRefused("The account has no user of your name: its administrator makes one")
	case err != nil:
		return nil, false, err
	}
	other, err := access.LinkedTo(ctx, reader, config.Issuer, named.User.ID)
	if err == nil && other != "" {
		err = errRefused("The user of your name is somebody else at the identity provider: ask your administrator")
	}
	return named.User, false, err
}

// mapped are the roles that a provider gives somebody; none where it gives nobody any.
func (s *Service) mapped(ctx context.Context, scope tenancy.Scope, config Config, p person) ([]security.UserRole, error) {
	if len(config.Roles) == 0 {
		return nil, nil
	}
	typ := store.TypeOf[security.Role](s.DB)
	var keys []store.Key
	var given []Mapping
	for _, m := range config.Roles {
		if slices.Contains(p.roles, m.Value) {
			keys, given = append(keys, store.Key{m.Role}), append(given, m)
		}
	}
	found, err := s.DB.Reader(scope).ByKey(ctx, typ, keys...)
	if err != nil {
		return nil, fmt.Errorf("read roles: %w", err)
	}
	var out []security.UserRole
	for i, m := range given {
		if found[i] == nil { // a role that is gone gives nothing
			continue
		}
		held := security.UserRole{RoleID: typ.ID(found[i])}
		for _, c := range m.Contexts {
			held.Contexts = append(held.Contexts, security.RoleContext{ContextType: c.Type, ContextID: c.ID})
		}
		out = append(out, held)
	}
	if len(out) == 0 {
		return nil, errRefused("The identity provider gives you none of the roles that let people in here")
	}
	return out, nil
}

func equal(a, b []security.UserRole) bool {
	return slices.EqualFunc(a, b, func(x, y security.UserRole) bool { return x.RoleID == y.RoleID && slices.Equal(x.Contexts, y.Contexts) })
}

// make makes a user of somebody who signs in for the first time. No password lets him in.
func (s *Service) make(ctx context.Context, scope tenancy.Scope, config Config, p person, roles []security.UserRole) (catalogue.ID, error) {
	typ := store.TypeOf[security.User](s.DB)
	user := &security.User{
		Ref: p.username, Username: p.username, Type: kind(roles), Status: "ACTIVE", FirstName: cmp.Or(p.first, p.username), LastName: p.last,
		PrimaryEmail: cmp.Or(p.email, p.username), Timezone: "UTC", Roles: roles,
	}
	for _, name := range []string{"ref", "firstName", "lastName", "primaryEmail"} {
		f := typ.Field(name)
		if err := entity.CheckLength(f.Get(user).(string), f.MaxLen); err != nil {
			return "", errRefused("What the identity provider says of you is too long for the field " + name)
		}
	}
	ids, err := s.DB.NewIDsOf(ctx, scope, map[*catalogue.Type]int{typ: 1})
	if err != nil {
		return "", fmt.Errorf("make a user: %w", err)
	}
	user.ID = ids[typ][0]
	err = s.DB.Write(ctx, scope, func(tx *store.Tx) error {
		made := &entity.Making{Catalogue: s.DB.Catalogue(), By: entity.Maker{Now: tx.Now()}}
		made.Make(user)
		if err := made.Complete(ctx, entity.Versions(nil)); err != nil {
			return err
		}
		made.Write(tx)
		access.AddLink(tx, access.Link{Issuer: config.Issuer, Subject: p.subject, UserID: user.ID})
		return nil
	})
	if err != nil {
		return "", fmt.Errorf("make a user: %w", err)
	}
	s.Log.InfoContext(ctx, "user made at a sign-on", "account", string(scope.Account()), "user", string(user.ID))
	return user.ID, nil
}

// kind is a user's type, by the widest place where he has a role.
func kind(roles []security.UserRole) string {
	widest := security.LocationUser
	for _, r := range roles {
		for _, c := range r.Contexts {
			switch tenant.ContextType(c.ContextType) {
			case tenant.AccountContext:
				return security.AdminUser
			case tenant.RetailerContext:
				widest = security.RetailerUser
			}
		}
	}
	return widest
}
