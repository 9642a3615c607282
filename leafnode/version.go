package leafnode

import (
	"strconv"
	"strings"
)

// A version is the three numbers of a server's.
type version [3]int

// parseVersion reads "2.10.4", with a v before it or more behind it.
func parseVersion(s string) (v version, ok bool) {
	s = strings.TrimPrefix(s, "v")
	if at := strings.IndexAny(s, "-+"); at >= 0 {
		s = s[:at]
	}
	parts := strings.Split(s, ".")
	if len(parts) != len(v) {
		return v, false
	}
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 31)
		if err != nil {
			return v, false
		}
		v[i] = int(n)
	}
	return v, true
}

// before says whether v came out earlier than w.
func (v version) before(w version) bool {
	for i := range v {
		if v[i] != w[i] {
			return v[i] < w[i]
		}
	}
	return false
}
