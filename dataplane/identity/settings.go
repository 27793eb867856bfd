package identity

import (
	"fmt"
	"time"

	"github.com/fluent-oms/fluent/domain/setting"
	"github.com/fluent-oms/fluent/tenancy"
)

// mostLife is the longest life of an access token, whatever the account's setting says.
const mostLife = 30 * 24 * time.Hour

// The account settings that govern tokens.
var (
	accessLife = setting.Duration(setting.About{Name: "fc.oauth.access.token.seconds", From: setting.Account,
		Doc: "How long access tokens live; 30 days at most, whatever it says."}, setting.Seconds, setting.Range{Default: 86400, Least: 1})
	signOnLife = setting.Duration(setting.About{Name: "fc.oauth.sign.on.seconds", From: setting.Account,
		Doc: "How long access tokens live of people whom the account's identity provider let in; then it must let them in anew."}, setting.Seconds, setting.Range{Default: 8 * 3600, Least: 60})
	refreshTokens = setting.Boolean(setting.About{Name: "fc.oauth.refresh.tokens", From: setting.Account, Without: "as the API client says",
		Doc: "Whether sign-ins are given refresh tokens."}, false)
)

// Settings are those that identity reads.
func Settings() []*setting.Declaration {
	return setting.Declarations(accessLife, refreshTokens, signOnLife)
}

// unreadable logs that a setting cannot be read.
func (s *Service) unreadable(scope tenancy.Scope, err error) {
	s.settings.Report(s.log, "a setting of tokens cannot be read", fmt.Errorf("account %s: %w", scope.Account(), err))
}
