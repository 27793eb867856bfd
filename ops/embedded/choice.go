package embedded

import (
	"errors"
	"net/url"
)

// Choice is what the --database option says: a URL that is used as it is, or an engine to be embedded.
type Choice struct {
	URL    string // postgres://…; empty when an embedded server is wanted
	Engine Engine // set when URL is empty
}

// Choose reads the --database option: auto (CockroachDB if it is found, else PostgreSQL), postgres, cockroach, or the URL of a
// running server with its database.
func Choose(option string) (Choice, error) {
	switch option {
	case "", "auto":
		e, err := Find()
		return Choice{Engine: e}, err
	case string(Postgres), string(Cockroach):
		e, err := FindKind(Kind(option))
		return Choice{Engine: e}, err
	}
	u, err := url.Parse(option)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		// What was given is not repeated: it may hold a password.
		return Choice{}, errors.New("the database must be auto, postgres, cockroach or a URL like postgres://user:password@host:5432/name")
	}
	if len(u.Path) < 2 {
		return Choice{}, errors.New("the database's URL must name the database, as in postgres://host:5432/fluent")
	}
	return Choice{URL: option}, nil
}
