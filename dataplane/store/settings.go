package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/domain/foundation"
	"github.com/fluent-oms/fluent/domain/security"
	"github.com/fluent-oms/fluent/domain/setting"
)

// Settings finds settings by their declarations, all in one statement: whatever is kept of them at a place and in wider contexts. Which of
// those holds, the declaration says when it reads.
func (r *Reader) Settings(ctx context.Context, at setting.Place, list ...setting.Reading) (setting.Held, error) {
	if len(list) == 0 {
		return nil, nil
	}
	m, err := r.db.model(TypeOf[foundation.Setting](r.db))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Name()
	}
	args := []any{string(r.scope.Account()), names}
	for _, c := range setting.Contexts() {
		if !c.Numbered() {
			continue
		}
		var number any // none: no setting is of it
		if n, ok := at.Number(c); ok {
			number = int64(n)
		}
		args = append(args, number)
	}
	var rows []*foundation.Setting
	err = r.run(ctx, []call{{name: "settings.at", sql: m.settingsText(), args: args, rows: func(found pgx.Rows) error {
		rows = rows[:0]
		return m.each(found, func(e any) { rows = append(rows, e.(*foundation.Setting)) })
	}}})
	if err != nil {
		return nil, err
	}
	return setting.Hold(rows), nil
}

// settingsText uses the unique index over name, context and context_id.
func (m *model) settingsText() string {
	var each, others []string
	for _, c := range setting.Contexts() {
		if c.Numbered() {
			each = append(each, fmt.Sprintf("t.context = '%s' AND t.context_id = $%d::INT8", c, 3+len(each)))
		} else {
			others = append(others, "'"+string(c)+"'")
		}
	}
	return fmt.Sprintf(`SELECT %s FROM settings t WHERE t.account_id = $1 AND t.name = ANY ($2::TEXT[])
AND (%s OR t.context IN (%s)) ORDER BY t.id`, m.list("t"), strings.Join(each, " OR "), strings.Join(others, ", "))
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
