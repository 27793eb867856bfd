// Package tenancy says for whom work is done: the account and, within it, the retailers that a caller may touch.
package tenancy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
	limits    *Limits      // nil: of the retailers all
	acting    bool
}

// Limits are what a scope reaches of an account's rows, where that is less than what is of some retailers.
type Limits struct {
	Whole     []RetailerID // all that is of these retailers,
	Locations []Location   // and of the retailers of these locations what is at them; each location once
	Where     []Case       // and of that only rows for which one of these cases holds; none: all
	Rule      string       // tells different Where apart
}

// Location is a place by its id, and by the ref by which rows name it.
type Location struct {
	ID       string
	Ref      string
	Retailer RetailerID
}

// Case is a conjunction of conditions on a row.
type Case []Condition

// Condition compares a field of a row with a value.
type Condition struct {
	Field string // name in the API
	Op    Comparison
	Value any  // string, float64, bool; of In a []string; of More, Least, Less and Most a float64 or a time.Time; of Begins, Contains and Holds a string
	Not   bool // it holds where the comparison does not, as for a row without a value
}

// Comparison is an operator of a Condition.
type Comparison string

// The comparisons. A row without a value is Unlike every value, and nothing else.
const (
	Like     Comparison = "="
	Unlike   Comparison = "<>"
	In       Comparison = "in"
	More     Comparison = ">"
	Least    Comparison = ">="
	Less     Comparison = "<"
	Most     Comparison = "<="
	Begins   Comparison = "begins"
	Contains Comparison = "contains" // a text a part of it
	Holds    Comparison = "holds"    // a list of texts one of them
)

// NewScope makes a scope for an account that was verified by a token, by the engine's own event row, or by the control
// plane. retailers limits it further; none means all retailers of the account.
func NewScope(account AccountID, retailers ...RetailerID) (Scope, error) {
	if account == "" {
		return Scope{}, errors.New("tenancy: a scope needs an account")
	}
	return Scope{account: account, retailers: retailers}, nil
}

// Narrowed is what limits leave of the scope. Limits do not change any more.
func (s Scope) Narrowed(l *Limits) Scope {
	s.limits = l
	if len(l.Locations) == 0 {
		return s
	}
	s.retailers = slices.Clone(l.Whole)
	for _, at := range l.Locations {
		if !slices.Contains(s.retailers, at.Retailer) {
			s.retailers = append(s.retailers, at.Retailer)
		}
	}
	slices.Sort(s.retailers)
	return s
}

// Common is what both scopes of an account reach.
func (s Scope) Common(other Scope) Scope {
	switch {
	case s.account != other.account:
		return Scope{}
	case s.Same(other) || other.retailers == nil && other.limits == nil:
		return s
	case s.retailers == nil && s.limits == nil:
		return other
	}
	l := &Limits{}
	for _, r := range append(slices.Clone(s.retailers), other.retailers...) {
		if s.wholly(r) && other.wholly(r) && !slices.Contains(l.Whole, r) {
			l.Whole = append(l.Whole, r)
		}
	}
	for _, at := range append(slices.Clone(s.Locations()), other.Locations()...) {
		known := slices.ContainsFunc(l.Locations, func(x Location) bool { return x.ID == at.ID })
		if !known && s.holds(at) && other.holds(at) && !slices.Contains(l.Whole, at.Retailer) {
			l.Locations = append(l.Locations, at)
		}
	}
	switch {
	case len(s.Where()) == 0:
		l.Where, l.Rule = other.Where(), other.Rule()
	case len(other.Where()) == 0 || s.Rule() == other.Rule():
		l.Where, l.Rule = s.Where(), s.Rule()
	default:
		return Scope{account: s.account, retailers: []RetailerID{none}}
	}
	both := Scope{account: s.account, retailers: l.Whole, acting: s.acting || other.acting}
	if len(both.retailers) == 0 {
		both.retailers = []RetailerID{none}
	}
	if len(l.Locations) == 0 && len(l.Where) == 0 {
		return both
	}
	return both.Narrowed(l)
}

// none is a retailer number that no account has: an empty list would be all of them.
const none RetailerID = -1

// wholly reports whether all that is of a retailer is within the scope, whatever its rows say.
func (s Scope) wholly(r RetailerID) bool {
	return s.retailers == nil || slices.Contains(s.Whole(), r) || len(s.Locations()) == 0 && slices.Contains(s.retailers, r)
}

// holds reports whether what is at a location is within the scope.
func (s Scope) holds(at Location) bool {
	return s.wholly(at.Retailer) || slices.ContainsFunc(s.Locations(), func(x Location) bool { return x.ID == at.ID })
}

// Acting is the part of the scope in which its holder may change rows, too: at locations less is theirs to change than to see.
func (s Scope) Acting() Scope {
	s.acting = true
	return s
}

// Seeing is the scope with what its holder may see.
func (s Scope) Seeing() Scope {
	s.acting = false
	return s
}

// Account is the account that the scope reaches.
func (s Scope) Account() AccountID { return s.account }

// Retailers lists the retailers that the scope is limited to, those of its locations among them; nil means all of the account's.
func (s Scope) Retailers() []RetailerID { return s.retailers }

// Locations lists those locations to which the scope is limited, beside what it reaches of Whole retailers; none: it is not limited so.
func (s Scope) Locations() []Location {
	if s.limits == nil {
		return nil
	}
	return s.limits.Locations
}

// Whole lists the retailers of which the scope reaches all, where it is limited to locations beside them.
func (s Scope) Whole() []RetailerID {
	if s.limits == nil {
		return s.retailers
	}
	return s.limits.Whole
}

// Where lists the cases of which one must hold for a row; none: there is no such condition.
func (s Scope) Where() []Case {
	if s.limits == nil {
		return nil
	}
	return s.limits.Where
}

// Rule tells scopes apart whose Where differs.
func (s Scope) Rule() string {
	if s.limits == nil {
		return ""
	}
	return s.limits.Rule
}

// Changes reports whether the scope is what its holder may change, and not only see.
func (s Scope) Changes() bool { return s.acting }

// Allows reports whether the scope reaches a retailer of its account, or a location of that.
func (s Scope) Allows(r RetailerID) bool {
	if s.account == "" {
		return false
	}
	return s.retailers == nil || slices.Contains(s.retailers, r)
}

// AllowsAll reports whether the scope reaches all that is of a retailer.
func (s Scope) AllowsAll(r RetailerID) bool {
	if len(s.Where()) > 0 || len(s.Locations()) > 0 && !slices.Contains(s.limits.Whole, r) {
		return false
	}
	return s.Allows(r)
}

// Same reports whether both scopes reach the same rows.
func (s Scope) Same(other Scope) bool {
	if s.limits == nil && other.limits == nil {
		return s.account == other.account && (s.retailers == nil) == (other.retailers == nil) && slices.Equal(s.retailers, other.retailers)
	}
	return s.String() == other.String()
}

// String tells scopes apart that reach different rows.
func (s Scope) String() string {
	if s.retailers == nil && s.limits == nil {
		return string(s.account)
	}
	text := fmt.Sprintf("%s %t %v", s.account, s.retailers == nil, s.retailers)
	if s.limits != nil {
		text += fmt.Sprintf(" %t %v %v %s", s.acting, s.limits.Whole, s.limits.Locations, s.limits.Rule)
	}
	return text
}
