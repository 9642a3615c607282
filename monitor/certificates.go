package monitor

import (
	"fmt"
	"time"

	"leafgate/module"
)

// expiresSoon is how long before the end of a certificate people should hear of it.
const expiresSoon = 7 * 24 * time.Hour

// certificates says which of the certificates that clients are shown expire soon, and with an error that one has expired.
func (m *monitor) certificates(now time.Time) (warnings []string, err error) {
	for _, other := range m.env.Modules {
		l, ok := other.(module.Lister)
		if !ok {
			continue
		}
		for _, at := range l.Listeners() {
			switch end := at.Expires.UTC(); {
			case at.Expires.IsZero():
			case !now.Before(end) && err == nil:
				err = fmt.Errorf("%s on %s: the certificate has expired: %s", at.Protocol, at.Addr, end.Format(time.RFC3339))
			case end.Sub(now) < expiresSoon:
				warnings = append(warnings, fmt.Sprintf("%s on %s: the certificate expires soon: %s", at.Protocol, at.Addr, end.Format(time.RFC3339)))
			}
		}
	}
	return warnings, err
}
