// Package security holds who may sign in and what they may do: users, roles, permissions.
package security

import "github.com/fluent-oms/fluent/domain/catalogue"

// The types of users. Rights come from roles, whatever the type.
const (
	AdminUser    = "ADMIN"
	RetailerUser = "RETAILER"
	LocationUser = "LOCATION"
	APIUser      = "API" // stands for a program
)

// User is a person or an integration that signs in.
type User struct {
	catalogue.Node
	Ref               string               `oms:"!,pii,max=100"`
	Username          string               `oms:"!,update=-,pii,max=250" doc:"Unique in the account."`
	Type              string               `oms:"!" doc:"ADMIN, RETAILER, LOCATION, API (a program), or a word of yours. Rights come from roles."`
	Status            string               `oms:"create=-,max=50,default=ACTIVE"`
	Title             string               `oms:"pii,max=50"`
	FirstName         string               `oms:"create=!,pii,max=50"`
	LastName          string               `oms:"pii,max=50"`
	PrimaryEmail      string               `oms:"create=!,pii,max=250"`
	PrimaryPhone      string               `oms:"pii,max=20"`
	Department        string               `oms:"pii"`
	Country           string               `oms:"max=100"`
	Timezone          string               `oms:"create=!,max=32,form=timeZone"`
	PromotionOptIn    *bool                `oms:"promotionOptIn"`
	Language          *SettingValueType    `oms:"language"`
	PrimaryRetailerID catalogue.ID         `oms:"ref=Retailer,by=RetailerId"`
	PrimaryLocationID catalogue.ID         `oms:"ref=Location,by=LocationId"`
	Roles             []UserRole           `oms:"merge=role+contexts"`
	Attributes        catalogue.Attributes `oms:"pii,merge=name"`
	Password          catalogue.WriteOnly  `oms:"create=!,update=-,max=128"`
	APIKey            catalogue.WriteOnly  `oms:"create=?,update=?,max=128" doc:"Not available: programs call with an API client of the account."`
	PasswordHash      string               `oms:"hidden,pii,max=1024"`
}

// UserRole is a role that a user holds, and where.
type UserRole struct {
	RoleID   catalogue.ID  `json:"role" oms:"!,ref=Role,by=RoleKey"`
	Contexts []RoleContext `json:"contexts" oms:"!,out=[RoleContext]!,create=[RoleContextInput!]!" doc:"Where the role holds."`
}

// RoleContext is a place where a role holds: the account, a retailer, a location (AGENT).
type RoleContext struct {
	ContextID   string `json:"contextId" oms:"!,out=ID" doc:"Id of the retailer or location; 0 for the account."`
	ContextType string `json:"contextType" oms:"!"`
}

// SettingValueType is one of the choices that a setting lists.
type SettingValueType struct {
	Value string `json:"value" oms:"create=!"`
	Label string `json:"label" oms:"label"`
}

// Role is a named set of permissions.
type Role struct {
	catalogue.Row
	Name        string       `oms:"!"`
	Permissions []Permission `oms:"create=[PermissionKey],update=[PermissionKey],merge=name"`
}

// Permission is a single right. Permissions are not stored: the catalogue lists them.
type Permission struct {
	Name string `json:"name" oms:"!"`
}
