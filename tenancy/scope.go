// Package tenancy says for whom work is done: the account and, within it, the retailers that a caller may touch.
package tenancy

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// AccountID names an account, for example ACME. It is the first column of every tenant table's key.
type AccountID string

// RetailerID is the number of a retailer within its account; it fits 32 bits. 0 stands for the account itself.
type RetailerID int32

var accountName = regexp.MustCompile(`^[A-Z][A-Z0-9_-]{1,31}$`)

// ParseAccountID checks an account's name: 2 to 32 capitals, digits, - and _, beginning with a letter.
func ParseAccountID(s string) (AccountID, error) {
	if !accountName.MatchString(s) {
		return "", fmt.Errorf("account %q: want 2 to 32 capitals, digits, - or _, beginning with a letter", s)
	}
	if s == IntegrationClient {
		return "", fmt.Errorf("account %q: this is a client id of every account", s)
	}
	return AccountID(s), nil
}

// IntegrationClient is a client id by which every account's first client goes, too, where the request says the account otherwise.
const IntegrationClient = "FLUENT_INTEGRATION"

// AccountOfClient names the account that an API client is of. The account's name is the id of its first client; those of others go on with
// a dash and a name in small letters (ACME-erp). As no account's name has a small letter, ids are unique over the installation where
// they are so in the account, and nobody learns from one that is taken who else has accounts.
func AccountOfClient(id string) AccountID {
	small := strings.IndexFunc(id, func(c rune) bool { return c >= 'a' && c <= 'z' })
	if small > 0 && id[small-1] == '-' {
		return AccountID(id[:small-1])
	}
	return AccountID(id)
}

// Scope is the proof of whose data a call may reach. It is the first argument (after ctx) of every store call. The zero
// Scope reaches nothing: every statement carries account_id = Scope.Account(), and "" is nobody's.
type Scope struct {
	account   AccountID
	retailers []RetailerID // nil: all of the account's retailers
}

// NewScope makes a scope for an account that was verified by a token, by the engine's own event row, or by the control
// plane. retailers limits it further; none means all retailers of the account.
func NewScope(account AccountID, retailers ...RetailerID) (Scope, error) {
	if account == "" {
		return Scope{}, errors.New("tenancy: a scope needs an account")
	}
	return Scope{account: account, retailers: retailers}, nil
}

// Account is the account that the scope reaches.
func (s Scope) Account() AccountID { return s.account }

// Retailers lists the retailers that the scope is limited to; nil means all of the account's.
func (s Scope) Retailers() []RetailerID { return s.retailers }

// Allows reports whether the scope reaches a retailer of its account.
func (s Scope) Allows(r RetailerID) bool {
	if s.account == "" {
		return false
	}
	if s.retailers == nil {
		return true
	}
	for _, x := range s.retailers {
		if x == r {
			return true
		}
	}
	return false
}
