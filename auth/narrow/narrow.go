// Package narrow compiles the policies by which accounts narrow what their roles allow. A policy is Rego of the package account: whatever some rule
// allow holds for stays allowed. It sees the permission and the roles of who asks; what it says of rows is left over when it is evaluated without
// them, and becomes part of the statements that read and change rows. So it is evaluated once for a permission and a set of roles, and never per row.
// It cannot widen anything: what roles do not give, it is not asked about.
package narrow

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/fluent-oms/fluent/auth/policy"
	"github.com/fluent-oms/fluent/auth/tenant"
	"github.com/fluent-oms/fluent/domain/catalogue"
	"github.com/fluent-oms/fluent/domain/fault"
	"github.com/fluent-oms/fluent/tenancy"
)

// What a policy may cost.
const (
	MaxText   = 64 << 10               // bytes of a policy
	deadline  = 250 * time.Millisecond // of one decision
	maxCases  = 50                     // of a decision
	maxValues = 1000                   // that rows are compared with in a decision
	maxKept   = 5000                   // decisions that are remembered
	checkTime = 20 * time.Second       // of all decisions that are tried when a policy is uploaded
)

// exempt are the permissions that no policy narrows: who wrote one that lets nobody in must be able to write another.
var exempt = []string{tenant.ViewPolicy, tenant.UpdatePolicy}

// Policy is a compiled policy of an account. It is safe for concurrent use.
type Policy struct {
	version int
	types   map[string]*catalogue.Type // by permission
	query   rego.PreparedPartialQuery
	broken  error // it could not be compiled: then it allows nothing

	mu   sync.Mutex
	kept map[string]tenant.Left
}

// Compile reads a policy. The error is Invalid and says where what is wrong. Version names it in what it refuses.
func Compile(ctx context.Context, c *catalogue.Catalogue, version int, text string) (*Policy, error) {
	if len(text) > MaxText {
		return nil, fault.Invalidf("policy", "A policy of at most %d KB is expected", MaxText>>10)
	}
	module, err := ast.ParseModuleWithOpts("policy.rego", text, ast.ParserOptions{RegoVersion: ast.RegoV1, Capabilities: policy.Capabilities()})
	if err != nil {
		return nil, fault.Invalidf("policy", "%s", err)
	}
	if module == nil || module.Package.String() != "package account" {
		return nil, fault.Invalidf("policy", "It is to begin with: package account")
	}
	module.Rules = slices.DeleteFunc(module.Rules, func(r *ast.Rule) bool {
		return r.Default && r.Head.Name.String() == "allow" && r.Head.Value.Equal(ast.BooleanTerm(false)) // which is so anyway
	})
	if !slices.ContainsFunc(module.Rules, func(r *ast.Rule) bool { return r.Head.Name.String() == "allow" }) {
		return nil, fault.Invalidf("policy", "It has no rule allow, so that nobody could do anything")
	}
	q, err := rego.New(rego.Query("data.account.allow == true"), rego.ParsedModule(module), rego.Capabilities(policy.Capabilities()),
		rego.StrictBuiltinErrors(true), rego.SetRegoVersion(ast.RegoV1)).PrepareForPartial(ctx)
	if err != nil {
		return nil, fault.Invalidf("policy", "%s", err)
	}
	return &Policy{version: version, types: typesOf(c), query: q, kept: map[string]tenant.Left{}}, nil
}

// Broken is a policy that allows nothing, because the account's own cannot be compiled.
func Broken(version int, err error) *Policy {
	return &Policy{version: version, broken: err, kept: map[string]tenant.Left{}}
}

func typesOf(c *catalogue.Catalogue) map[string]*catalogue.Type {
	out := map[string]*catalogue.Type{}
	for _, t := range append(slices.Clone(c.Types()), c.Abstract()...) {
		for _, action := range []string{"_VIEW", "_CREATE", "_UPDATE"} {
			out[t.Permission+action] = t
		}
	}
	return out
}

// Check tries all decisions about permissions for sets of roles, so that what would be denied by mistake is refused when it is uploaded.
func (p *Policy) Check(ctx context.Context, permissions []string, roles ...[]string) error {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	for _, set := range roles {
		for _, permission := range permissions {
			if _, err := p.decide(ctx, permission, set); err != nil {
				return fault.Invalidf("policy", "It cannot decide on %s for the roles %q: %s", permission, set, err)
			}
		}
	}
	return nil
}

// For is what the policy leaves to who holds roles. See tenant.Policy.
func (p *Policy) For(roles []string) func(permission string) tenant.Left {
	of := strings.Join(roles, "\x00")
	return func(permission string) tenant.Left {
		if slices.Contains(exempt, permission) {
			return tenant.Left{}
		}
		key := permission + "\x00" + of
		p.mu.Lock()
		left, known := p.kept[key]
		p.mu.Unlock()
		if known {
			return left
		}
		left, err := p.decide(context.Background(), permission, roles)
		if err != nil {
			return tenant.Left{Err: p.refuse(permission, "could not decide on", err)}
		}
		if left.Err != nil {
			left.Err = p.refuse(permission, "does not allow", nil)
		}
		p.keep(key, left)
		return left
	}
}

func (p *Policy) keep(key string, left tenant.Left) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= maxKept {
		clear(p.kept)
	}
	p.kept[key] = left
}

func (p *Policy) refuse(permission, does string, cause error) error {
	text := fmt.Sprintf("Permission missing: %s: version %d of the account's policy %s it", permission, p.version, does)
	if cause != nil {
		text += ": " + cause.Error()
	}
	return fault.New(fault.Forbidden, "%s", text).WithCode(fault.CodeForbidden).With("permission", permission).With("policy", fmt.Sprint(p.version))
}

var errDenied = errors.New("denied")

// decide evaluates the policy without rows. Its error says why it cannot; Left.Err that it denies.
func (p *Policy) decide(ctx context.Context, permission string, roles []string) (tenant.Left, error) {
	if p.broken != nil {
		return tenant.Left{}, p.broken
	}
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	result, err := p.query.Partial(ctx, rego.EvalInput(p.input(permission, roles)), rego.EvalUnknowns([]string{"input.row"}))
	switch {
	case topdown.IsCancel(err) || ctx.Err() != nil:
		return tenant.Left{}, fmt.Errorf("it takes longer than %s", deadline)
	case err != nil:
		return tenant.Left{}, err
	case len(result.Support) > 0:
		return tenant.Left{}, errors.New("what it says of input.row cannot become part of a search: say what is allowed, without not, every, and rules that have a default or else")
	}
	return p.left(permission, result.Queries)
}

func (p *Policy) input(permission string, roles []string) map[string]any {
	entity, action, _ := strings.Cut(permission, "_")
	if t := p.types[permission]; t != nil {
		entity = t.Name
	}
	list := make([]any, len(roles))
	for i, r := range roles {
		list[i] = r
	}
	return map[string]any{"permission": permission, "entity": entity, "action": action, "roles": list}
}

// left reads the conditions that remain.
func (p *Policy) left(permission string, queries []ast.Body) (tenant.Left, error) {
	if slices.ContainsFunc(queries, func(b ast.Body) bool { return len(b) == 0 }) {
		return tenant.Left{}, nil // whatever the row
	}
	var cases []tenancy.Case
	for _, body := range queries {
		c, err := p.caseOf(permission, body)
		if err != nil {
			return tenant.Left{}, err
		}
		cases = append(cases, c)
	}
	switch {
	case len(cases) == 0:
		return tenant.Left{Err: errDenied}, nil
	case len(cases) > maxCases:
		return tenant.Left{}, fmt.Errorf("it has %d cases: at most %d are expected", len(cases), maxCases)
	}
	if n := values(cases); n > maxValues {
		return tenant.Left{}, fmt.Errorf("it compares a row with %d values: at most %d are expected", n, maxValues)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", cases))
	return tenant.Left{Cases: cases, Rule: hex.EncodeToString(sum[:8])}, nil
}

func values(cases []tenancy.Case) (n int) {
	for _, c := range cases {
		for _, x := range c {
			list, _ := x.Value.([]string)
			n += max(1, len(list))
		}
	}
	return n
}
