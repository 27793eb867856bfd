package privacy

import (
	"time"

	"github.com/fluent-oms/fluent/domain/setting"
)

// The settings of how long data of persons are kept.
var (
	keepCustomers = setting.Duration(setting.About{Name: "RETENTION_CUSTOMER_DAYS", From: setting.Account, Without: "for ever",
		Doc: "How long customers are kept who neither change nor order; then they are erased as on request."}, setting.Days, setting.Range{Default: 0, Least: 30, Most: 36500})
	keepCountries = setting.JSON(setting.About{Name: "RETENTION_CUSTOMER_DAYS_BY_COUNTRY", From: setting.Account, Without: "as RETENTION_CUSTOMER_DAYS says",
		Doc: "The same by country, as customers' field country has it: {\"DE\": 1095}; 0: for ever."}, map[string]uint32{})
	keepExports = setting.Duration(setting.About{Name: "RETENTION_EXPORT_DAYS", From: setting.Account,
		Doc: "How long the files of exports of personal data are kept."}, setting.Days, setting.Range{Default: 7, Least: 1, Most: 90})
	keepBackups = setting.Duration(setting.About{Name: "RETENTION_BACKUP_DAYS", From: setting.Account, Without: "not known: receipts say so",
		Doc: "How long backups of the environment's database are kept, as the operator says: what receipts of erasures tell of them."}, setting.Days, setting.Range{Default: 0, Least: 1, Most: 36500})
)

// Settings are those that privacy reads.
func Settings() []*setting.Declaration {
	return setting.Declarations(keepCustomers, keepCountries, keepExports, keepBackups)
}

// later is a time so long after another.
func later(at time.Time, d time.Duration) *time.Time {
	at = at.Add(d).UTC().Truncate(time.Second)
	return &at
}
