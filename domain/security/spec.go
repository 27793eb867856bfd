package security

import "github.com/fluent-oms/fluent/domain/catalogue"

// Spec declares this package's part of the catalogue.
func Spec() catalogue.Spec {
	return catalogue.Spec{
		Types: []catalogue.TypeSpec{
			{
				Go: User{}, Doc: "A person or an integration that signs in.", Implements: "Node", KeyInputs: "Id IdOrKey", Key: "username", AccountWide: true, Location: catalogue.Everywhere, Guarded: true, Indexes: []string{"ref"},
				Gets: []string{"user(id: ID, username: String)", "userById(id: ID!)"}, Create: true, Update: "id",
				Removes: []catalogue.RemovalSpec{{Name: "removeUserRolesFromUser", Owner: "user: UserKey!", Items: "roles: [UserRoleKey!]!", From: "roles"}},
			},
			{
				Go: Role{}, Doc: "A named set of permissions.", KeyInputs: "Key", Key: "name", AccountWide: true, Location: catalogue.Everywhere, Guarded: true, Gets: []string{"role(name: String!)"}, Create: true, Update: "name",
				Removes: []catalogue.RemovalSpec{{Name: "removePermissionsFromRole", Owner: "role: RoleKey!", Items: "permissions: [PermissionKey!]!", From: "permissions"}},
			},
		},
		Values: []catalogue.ValueSpec{
			{Go: RoleContext{}, Input: "RoleContextInput", MergeBy: "contextId contextType", Doc: "Where a role holds."},
			{Go: UserRole{}, Input: "UserRoleInput", MergeBy: "role contexts", Doc: "A role that a user holds."},
			{Go: SettingValueType{}, Input: "SettingValueTypeInput", Doc: "One of the choices that a setting lists."},
			{Go: Permission{}, Input: "PermissionKey", MergeBy: "name", Doc: "A single right."},
		},
		Inputs: []catalogue.InputSpec{
			{Name: "RoleContextKey", Fields: []string{"contextId: ID!", "contextType: String!"}},
			{Name: "UserRoleKey", Fields: []string{"role: RoleKey!", "contexts: [RoleContextKey!]!"}},
		},
		Queries: []catalogue.OperationSpec{
			{Field: "me: User", Doc: "The user who asks."},
			{Field: "permission(name: String!): Permission", Entity: "Role"},
			{Field: "permissions(name: [String!]): PermissionConnection", Paged: true, Entity: "Role"},
		},
		Permissions: []string{
			"WORKFLOW_VIEW", "WORKFLOW_CREATE", "WORKFLOW_UPDATE", "PLUGIN_VIEW", "JOB_VIEW", "JOB_CREATE", "BATCH_VIEW", "BATCH_CREATE",
			"EVENT_VIEW", "EVENT_CREATE", "POLICY_VIEW", "POLICY_UPDATE", "APICLIENT_VIEW", "APICLIENT_CREATE", "APICLIENT_UPDATE",
			"IDENTITYPROVIDER_VIEW", "IDENTITYPROVIDER_UPDATE", "PERSONALDATA_VIEW", "PERSONALDATA_EXPORT", "PERSONALDATA_ERASE",
			"CHANGEFEED_VIEW",
		},
	}
}
