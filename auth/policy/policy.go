// Package policy decides which operator may call which method of the control plane on what. The policy itself is Rego in
// the embedded files; this package prepares it once, evaluates it under a deadline and denies when in doubt.
package policy

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/fluent-oms/fluent/auth"
	"github.com/fluent-oms/fluent/domain/fault"
)

//go:embed *.rego
var sources embed.FS

// deadline bounds one evaluation; the policy takes well under a millisecond.
const deadline = 2 * time.Second

// Engine evaluates the control plane's policy. It is safe for concurrent use.
type Engine struct {
	decision    rego.PreparedEvalQuery
	hash        string
	permissions []string
}

// New compiles the embedded policy.
func New(ctx context.Context) (*Engine, error) {
	modules, hash, err := load(sources)
	if err != nil {
		return nil, err
	}
	decision, err := prepare(ctx, "data.fluent.controlplane.decision", modules)
	if err != nil {
		return nil, err
	}
	known, err := prepare(ctx, "data.fluent.permissions.known", modules)
	if err != nil {
		return nil, err
	}
	result, err := known.Eval(ctx)
	if err != nil || len(result) != 1 {
		return nil, fmt.Errorf("list the policy's permissions: %w", errors.Join(err, errNoAnswer))
	}
	var names []string
	list, _ := result[0].Expressions[0].Value.([]any)
	for _, v := range list {
		if name, ok := v.(string); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return &Engine{decision: decision, hash: hash, permissions: names}, nil
}

var errNoAnswer = errors.New("the policy gave no answer")

// Hash names the policy that decides, for the audit: SHA-256 of its files.
func (e *Engine) Hash() string { return e.hash }

// Permissions lists every permission that the policy knows, sorted. Others are denied to everybody.
func (e *Engine) Permissions() []string { return slices.Clone(e.permissions) }

// Knows reports whether the policy knows a permission.
func (e *Engine) Knows(permission string) bool {
	_, found := slices.BinarySearch(e.permissions, permission)
	return found
}

// Granted lists the permissions that p has somewhere, sorted: what a caller may be told about itself.
func (e *Engine) Granted(ctx context.Context, p *auth.Principal) ([]string, error) {
	var granted []string
	for _, name := range e.permissions {
		d, err := e.Decide(ctx, p, name, nil)
		if err != nil {
			return nil, err
		}
		if d.Answer != Deny {
			granted = append(granted, name)
		}
	}
	return granted, nil
}

// Decide says whether p may use a permission ("account.create"). With a resource the answer is Allow or Deny; without,
// it may be AllowWhere. An evaluation that fails or takes too long is an error, which callers treat as a denial.
func (e *Engine) Decide(ctx context.Context, p *auth.Principal, permission string, resource *Resource) (Decision, error) {
	ctx, cancel := context.WithTimeout(ctx, deadline)
	defer cancel()
	result, err := e.decision.Eval(ctx, rego.EvalInput(input(p, permission, resource)))
	if err != nil {
		if topdown.IsCancel(err) {
			return Decision{}, fault.New(fault.Unavailable, "The decision on %s took too long; try again.", permission).Wrap(err)
		}
		return Decision{}, fmt.Errorf("decide on %s: %w", permission, err)
	}
	if len(result) != 1 || len(result[0].Expressions) != 1 {
		return Decision{}, fmt.Errorf("decide on %s: %w", permission, errNoAnswer)
	}
	return read(result[0].Expressions[0].Value, e.hash), nil
}

// input renders what the policy sees. Roles and places are lists in every case, so that a missing one reads as empty.
func input(p *auth.Principal, permission string, resource *Resource) map[string]any {
	roles := make([]any, 0, len(p.Roles))
	for _, r := range p.Roles {
		roles = append(roles, map[string]any{"role": r.Name, "regions": list(r.Regions), "accounts": list(r.Accounts)})
	}
	in := map[string]any{
		"principal":  map[string]any{"kind": string(p.Kind), "subject": p.Subject, "roles": roles, "environment": p.Environment},
		"permission": permission,
	}
	if resource != nil {
		in["resource"] = map[string]any{"region": resource.Region, "environment": resource.Environment, "account": resource.Account}
	}
	return in
}

func list(names []string) []any {
	out := make([]any, 0, len(names))
	for _, n := range names {
		if n != "" { // the empty name would match a resource whose place is not known
			out = append(out, n)
		}
	}
	return out
}

// load reads the policy's files and their common hash.
func load(files fs.FS) (map[string]string, string, error) {
	names, err := fs.Glob(files, "*.rego")
	if err != nil {
		return nil, "", fmt.Errorf("list policy files: %w", err)
	}
	slices.Sort(names)
	modules, sum := map[string]string{}, sha256.New()
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, "", fmt.Errorf("read policy file %s: %w", name, err)
		}
		modules[name] = string(text)
		fmt.Fprintf(sum, "%s %d\n%s", name, len(text), text)
	}
	return modules, hex.EncodeToString(sum.Sum(nil)), nil
}

// prepare compiles a query over modules with the built-ins that policies may use, and no network.
func prepare(ctx context.Context, query string, modules map[string]string) (rego.PreparedEvalQuery, error) {
	options := []func(*rego.Rego){rego.Query(query), rego.Capabilities(capabilities()), rego.StrictBuiltinErrors(true)}
	for name, text := range modules {
		options = append(options, rego.Module(name, text))
	}
	q, err := rego.New(options...).PrepareForEval(ctx)
	if err != nil {
		return q, fmt.Errorf("compile policy: %w", err)
	}
	return q, nil
}

// allowedBuiltins is what a policy may call: comparison, sets, strings. Nothing that reads a clock, a file, the network
// or randomness, and nothing whose work is out of proportion to its input.
var allowedBuiltins = []string{
	"eq", "equal", "neq", "lt", "lte", "gt", "gte", "assign", "internal.member_2", "internal.member_3",
	"and", "or", "minus", "count", "union", "intersection",
	"startswith", "endswith", "contains", "concat", "lower", "upper", "trim_prefix", "sprintf", "object.get",
}

// Capabilities are what policies may call.
func Capabilities() *ast.Capabilities { return capabilities() }

func capabilities() *ast.Capabilities {
	c := ast.CapabilitiesForThisVersion()
	c.Builtins = slices.DeleteFunc(c.Builtins, func(b *ast.Builtin) bool { return !slices.Contains(allowedBuiltins, b.Name) })
	c.AllowNet = []string{}
	return c
}
