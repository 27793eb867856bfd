package store

import "context"

// Statements that refresh the planner's statistics of the tables of stock.
var sqlAnalyzeStock = []string{`ANALYZE inventory_positions`, `ANALYZE inventory_quantities`, `ANALYZE virtual_positions`, `ANALYZE products`}

// AnalyzeStock refreshes the planner's statistics of the tables of stock. Without it a database that was empty a minute ago plans
// statements over thousands of rows as if there were one, and joins them by scanning. It is for callers who have just made such
// tables grow; the server does the same by itself, but later.
func (db *DB) AnalyzeStock(ctx context.Context) error {
	calls := make([]call, len(sqlAnalyzeStock))
	for i, sql := range sqlAnalyzeStock {
		calls[i] = call{name: "stock.analyze", sql: sql}
	}
	return db.sendWrite(ctx, calls)
}
