package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
)

// SettingPlace is where a setting is asked for: ids of a location and of a retailer, empty for none.
type SettingPlace struct {
	Location catalogue.ID
	Retailer catalogue.ID
}

// Settings finds settings by name, all in one statement. Of each name it gives the one of the nearest context: the location's (AGENT), the
// retailer's, the account's, GLOBAL. Names without a setting are not in the map.
func (r *Reader) Settings(ctx context.Context, at SettingPlace, names ...string) (map[string]*foundation.Setting, error) {
	if len(names) == 0 {
		return nil, nil
	}
	m, err := r.db.model(TypeOf[foundation.Setting](r.db))
	if err != nil {
		return nil, err
	}
	out := make(map[string]*foundation.Setting, len(names))
	args := []any{string(r.scope.Account()), names, idArg(kindNumberID, at.Location), idArg(kindNumberID, at.Retailer)}
	err = r.run(ctx, []call{{name: "settings.nearest", sql: m.settingsText(), args: args, rows: func(rows pgx.Rows) error {
		clear(out)
		return m.each(rows, func(e any) {
			s := e.(*foundation.Setting)
			out[s.Name] = s
		})
	}}})
	return out, err
}

// settingsText uses the unique index over name, context and context_id.
func (m *model) settingsText() string {
	return fmt.Sprintf(`SELECT DISTINCT ON (t.name) %s FROM settings t WHERE t.account_id = $1 AND t.name = ANY ($2::TEXT[])
AND (t.context = 'AGENT' AND t.context_id = $3::INT8 OR t.context = 'RETAILER' AND t.context_id = $4::INT8 OR t.context IN ('ACCOUNT', 'GLOBAL'))
ORDER BY t.name, CASE t.context WHEN 'AGENT' THEN 1 WHEN 'RETAILER' THEN 2 WHEN 'ACCOUNT' THEN 3 ELSE 4 END`, m.list("t"))
}

// list names all columns under an alias.
func (m *model) list(alias string) string {
	s := ""
	for i, c := range m.columns {
		if i > 0 {
			s += ", "
		}
		s += alias + "." + c.name
	}
	return s
}

// each makes an entity of each row that has the model's columns.
func (m *model) each(rows pgx.Rows, take func(entity any)) error {
	if err := checkFormats(m.columns, rows, 0); err != nil {
		return err
	}
	for rows.Next() {
		e, err := m.entity(m.columns, rows.RawValues())
		if err != nil {
			return err
		}
		take(e)
	}
	return rows.Err()
}

// Principal is a user with the roles that the user's own list names, whatever their contexts.
type Principal struct {
	User  *security.User
	Roles []*security.Role
}

// PrincipalByID loads a user and the user's roles in one statement; fault NotFound if there is no such user.
func (r *Reader) PrincipalByID(ctx context.Context, id catalogue.ID) (*Principal, error) {
	return r.principal(ctx, "id", idArg(kindNumberID, id))
}

// PrincipalByUsername is PrincipalByID by user name, which is compared as it was written.
func (r *Reader) PrincipalByUsername(ctx context.Context, username string) (*Principal, error) {
	return r.principal(ctx, "username", username)
}

func (r *Reader) principal(ctx context.Context, by string, value any) (*Principal, error) {
	users, err := r.db.model(TypeOf[security.User](r.db))
	if err != nil {
		return nil, err
	}
	roles, err := r.db.model(TypeOf[security.Role](r.db))
	if err != nil {
		return nil, err
	}
	var p *Principal
	err = r.run(ctx, []call{{name: "users.principal", sql: principalText(users, roles, by), args: []any{string(r.scope.Account()), value}, rows: func(rows pgx.Rows) (err error) {
		p, err = collectPrincipal(rows, users, roles)
		return err
	}}})
	if err == nil && p == nil {
		err = fault.NotFoundf("there is no such user")
	}
	return p, err
}

// principalText finds the user by primary key or by the unique user name, then the roles by primary key.
func principalText(users, roles *model, by string) string {
	return fmt.Sprintf(`SELECT %s, %s FROM users u LEFT JOIN LATERAL jsonb_array_elements(u.roles) AS x (e) ON true
LEFT JOIN roles r ON r.account_id = $1 AND r.id = (x.e->>'role')::INT8 WHERE u.account_id = $1 AND u.%s = $2 ORDER BY r.id`,
		users.list("u"), roles.list("r"), by)
}

func collectPrincipal(rows pgx.Rows, users, roles *model) (*Principal, error) {
	n := len(users.columns)
	if err := checkFormats(users.columns, rows, 0); err != nil {
		return nil, err
	}
	if err := checkFormats(roles.columns, rows, n); err != nil {
		return nil, err
	}
	var p *Principal
	for rows.Next() {
		raw := rows.RawValues()
		if p == nil {
			u, err := users.entity(users.columns, raw[:n])
			if err != nil {
				return nil, err
			}
			p = &Principal{User: u.(*security.User)}
		}
		if allNull(raw[n:]) {
			continue // no roles, or one that is gone
		}
		role, err := roles.entity(roles.columns, raw[n:])
		if err != nil {
			return nil, err
		}
		if r := role.(*security.Role); len(p.Roles) == 0 || p.Roles[len(p.Roles)-1].ID != r.ID { // a role may be held in several contexts
			p.Roles = append(p.Roles, r)
		}
	}
	return p, rows.Err()
}

func allNull(raw [][]byte) bool {
	for _, b := range raw {
		if b != nil {
			return false
		}
	}
	return true
}
