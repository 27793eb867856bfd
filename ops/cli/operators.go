package cli

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect/v2"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/fluent-oms/fluent/ops/cli/render"
	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

func operatorColumns() []render.Column[*cpv1.Operator] {
	return []render.Column[*cpv1.Operator]{
		{Title: "USERNAME", Value: (*cpv1.Operator).GetUsername},
		{Title: "NAME", Value: (*cpv1.Operator).GetDisplayName},
		{Title: "ROLES", Value: bindings},
		{Title: "DISABLED", Value: func(o *cpv1.Operator) string { return fmt.Sprint(o.GetDisabled()) }},
		{Title: "CREATED", Value: func(o *cpv1.Operator) string { return render.Time(o.GetCreateTime()) }},
	}
}

// bindings prints roles as the --role flag takes them.
func bindings(o *cpv1.Operator) string {
	var all []string
	for _, b := range o.GetBindings() {
		text := b.GetRole()
		if places := append(append([]string{}, b.GetRegions()...), b.GetAccounts()...); len(places) > 0 {
			text += "=" + strings.Join(places, ",")
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// parseBinding reads role or role=place,place; the role says whether the places are regions or accounts.
func parseBinding(text string) (*cpv1.RoleBinding, error) {
	role, list, limited := strings.Cut(text, "=")
	b := &cpv1.RoleBinding{Role: role}
	if !limited {
		return b, nil
	}
	places := strings.Split(list, ",")
	switch role {
	case "region-operator":
		b.Regions = places
	case "implementer":
		b.Accounts = places
	default:
		return nil, render.UsageError{Err: fmt.Errorf("role %s is not limited to places", role)}
	}
	return b, nil
}

func newOperatorCommand(a *app) *cobra.Command {
	return group("operator", "Who may operate the platform",
		newOperatorList(a), newOperatorCreate(a), newOperatorUpdate(a), newOperatorReset(a), newOperatorUnlock(a), newRoleList(a), newKeyRotate(a))
}

func newOperatorList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List operators", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			service := controlplanev1connect.NewAuthServiceClient(client)
			all, err := pages(0, func(token string) ([]*cpv1.Operator, string, error) {
				res, err := service.ListOperators(ctx, &cpv1.ListOperatorsRequest{PageToken: token})
				return res.GetOperators(), res.GetNextPageToken(), err
			})
			if err != nil {
				return err
			}
			return printList(a, all, operatorColumns())
		}),
	}
}

// operatorFlags are the fields of an operator that can be set.
type operatorFlags struct {
	name     string
	roles    []string
	disabled bool
}

func (f *operatorFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.name, "display-name", "", "name for people")
	cmd.Flags().StringArrayVar(&f.roles, "role", nil, "role: platform-administrator, support-read-only, region-operator=REGION,…, implementer=ACCOUNT,… (repeatable)")
}

func (f *operatorFlags) operator(username string) (*cpv1.Operator, error) {
	o := &cpv1.Operator{Username: username, DisplayName: f.name, Disabled: f.disabled}
	for _, text := range f.roles {
		b, err := parseBinding(text)
		if err != nil {
			return nil, err
		}
		o.Bindings = append(o.Bindings, b)
	}
	return o, nil
}

func newOperatorCreate(a *app) *cobra.Command {
	f := &operatorFlags{}
	cmd := &cobra.Command{
		Use: "create USERNAME", Short: "Make an operator; the password is made and shown once", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			o, err := f.operator(args[0])
			if err != nil {
				return err
			}
			req := &cpv1.CreateOperatorRequest{Operator: o, RequestId: a.requestID()}
			res, err := controlplanev1connect.NewAuthServiceClient(client).CreateOperator(ctx, req)
			if err != nil {
				return err
			}
			if a.output == string(render.JSON) {
				return render.Message(a.Out, res)
			}
			if err := printOne(a, res.GetOperator(), operatorColumns()); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.Out, "PASSWORD  %s   (shown this once)\n", res.GetPassword())
			return err
		}),
	}
	f.add(cmd)
	return cmd
}

func newOperatorReset(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "reset-password USERNAME", Short: "Give an operator a one-time password, to be changed when he logs in", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			req := &cpv1.ResetPasswordRequest{Username: args[0], RequestId: a.requestID()}
			res, err := controlplanev1connect.NewAuthServiceClient(client).ResetPassword(ctx, req)
			if err != nil {
				return err
			}
			if a.output == string(render.JSON) {
				return render.Message(a.Out, res)
			}
			_, err = fmt.Fprintf(a.Out, "ONE-TIME PASSWORD  %s   (shown this once)\nUNTIL              %s\n", res.GetPassword(), render.Time(res.GetExpireTime()))
			return err
		}),
	}
}

func newOperatorUnlock(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "unlock USERNAME", Short: "Let an operator log in at once who must wait after failed attempts", Args: usage(cobra.ExactArgs(1)),
		RunE: a.run(func(ctx context.Context, client *connect.Client, args []string) error {
			service := controlplanev1connect.NewAuthServiceClient(client)
			if _, err := service.UnlockOperator(ctx, &cpv1.UnlockOperatorRequest{Username: args[0]}); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.Out, "%s may log in at once.\n", args[0])
			return err
		}),
	}
}

func newOperatorUpdate(a *app) *cobra.Command {
	f := &operatorFlags{}
	cmd := &cobra.Command{Use: "update USERNAME", Short: "Change an operator's name, roles, or whether it may log in", Args: usage(cobra.ExactArgs(1))}
	f.add(cmd)
	cmd.Flags().BoolVar(&f.disabled, "disabled", false, "whether the operator may not log in")
	cmd.RunE = a.run(func(ctx context.Context, client *connect.Client, args []string) error {
		o, err := f.operator(args[0])
		if err != nil {
			return err
		}
		mask, err := changed(cmd, map[string]string{"display-name": "display_name", "role": "bindings", "disabled": "disabled"})
		if err != nil {
			return err
		}
		req := &cpv1.UpdateOperatorRequest{Operator: o, UpdateMask: mask, RequestId: a.requestID()}
		res, err := controlplanev1connect.NewAuthServiceClient(client).UpdateOperator(ctx, req)
		if err != nil {
			return err
		}
		return printOne(a, res.GetOperator(), operatorColumns())
	})
	return cmd
}

func newRoleList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "roles", Short: "List the roles with their permissions", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			res, err := controlplanev1connect.NewAuthServiceClient(client).ListRoles(ctx, &cpv1.ListRolesRequest{})
			if err != nil {
				return err
			}
			if err := printList(a, res.GetRoles(), []render.Column[*cpv1.Role]{
				{Title: "ROLE", Value: (*cpv1.Role).GetName},
				{Title: "DESCRIPTION", Value: (*cpv1.Role).GetDescription},
			}); err != nil || a.output == string(render.JSON) {
				return err
			}
			for _, r := range res.GetRoles() {
				if err := printPermissions(a.Out, strings.ToUpper(r.GetName())+" MAY", r.GetPermissions()); err != nil {
					return err
				}
			}
			return nil
		}),
	}
}

func newKeyRotate(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "rotate-key", Short: "Make a new key for signing tokens; older tokens stay valid until they expire", Args: usage(cobra.NoArgs),
		RunE: a.run(func(ctx context.Context, client *connect.Client, _ []string) error {
			res, err := controlplanev1connect.NewAuthServiceClient(client).RotateKey(ctx, &cpv1.RotateKeyRequest{RequestId: a.requestID()})
			if err != nil {
				return err
			}
			return printOne(a, res.GetKey(), []render.Column[*cpv1.VerificationKey]{
				{Title: "KEY", Value: (*cpv1.VerificationKey).GetKeyId},
				{Title: "SIGNS FROM", Value: func(k *cpv1.VerificationKey) string { return render.Time(k.GetActiveTime()) }},
			})
		}),
	}
}

// changed makes the field mask of an update from the flags that were given; flags maps flag names to field names.
func changed(cmd *cobra.Command, flags map[string]string) (*fieldmaskpb.FieldMask, error) {
	mask := &fieldmaskpb.FieldMask{}
	for flag, field := range flags {
		if cmd.Flags().Changed(flag) {
			mask.Paths = append(mask.Paths, field)
		}
	}
	if len(mask.Paths) == 0 {
		return nil, render.UsageError{Err: fmt.Errorf("nothing to change was given (see: %s --help)", cmd.CommandPath())}
	}
	mask.Normalize()
	return mask, nil
}
