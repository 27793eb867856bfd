package api

import (
	"net/url"
	"strings"

	"github.com/fluent-oms/fluent/domain/fault"
)

// mask is what is shown in a password's place.
const mask = "xxxxx"

// databaseURL parses a database's address if it can be told for certain which part of it is the password. With an @, / or ? in a password
// that is not percent-encoded it cannot: a part of the password is then taken for the host or the database's name, and shows up in errors.
func databaseURL(raw string) (*url.URL, bool) {
	u, err := url.Parse(raw)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return nil, false
	}
	separators := 0
	if u.User != nil {
		separators = 1
	}
	_, err = url.ParseQuery(u.RawQuery)
	return u, err == nil && strings.Count(raw, "@") == separators && u.Fragment == ""
}

// checkDatabaseURL refuses an address whose password could not be hidden. The refusal does not repeat it.
func checkDatabaseURL(raw string) error {
	if _, ok := databaseURL(raw); raw != "" && !ok {
		return fault.Invalidf("environment.database_url",
			"Want a URL like postgres://user:password@host:5432/name. Write signs like @ : / ? # %% in the password as %%40 %%3A %%2F %%3F %%23 %%25.")
	}
	return nil
}

// withoutPassword is a database's address as callers may see it.
func withoutPassword(raw string) string {
	if raw == "" {
		return ""
	}
	u, ok := databaseURL(raw)
	if !ok {
		return "(set)" // where its password is cannot be told
	}
	q := u.Query()
	for name := range q {
		if strings.Contains(name, "password") { // password, sslpassword
			q.Set(name, mask)
			u.RawQuery = q.Encode()
		}
	}
	return u.Redacted()
}
