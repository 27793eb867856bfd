package provision

// StockRoles are the roles that every account begins with.
var StockRoles = stockRoles
