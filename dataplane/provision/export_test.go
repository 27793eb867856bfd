package provision

// Stock are the roles that every account begins with.
var Stock = stockRoles
