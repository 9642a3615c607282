package core

// Overlap says whether some subject matches both patterns, which must be valid.
func Overlap(a, b string) bool {
	for {
		if a == ">" || b == ">" {
			return true
		}
		at, arest, amore := cutToken(a)
		bt, brest, bmore := cutToken(b)
		if at != bt && at != "*" && bt != "*" {
			return false
		}
		if !amore || !bmore {
			return amore == bmore
		}
		a, b = arest, brest
	}
}

// Intersect returns the pattern that matches exactly the subjects that match both patterns, which must be valid:
// "a.*.>" and "*.b.>" give "a.b.>". False: there are none.
func Intersect(a, b string) (string, bool) {
	if !Overlap(a, b) {
		return "", false
	}
	both := make([]byte, 0, len(a)+len(b))
	for {
		if a == ">" {
			return string(append(both, b...)), true
		}
		if b == ">" {
			return string(append(both, a...)), true
		}
		token, arest, more := cutToken(a)
		bt, brest, _ := cutToken(b) // goes on as a does: they overlap
		if token == "*" {
			token = bt
		}
		both = append(both, token...)
		if !more {
			return string(both), true
		}
		both, a, b = append(both, '.'), arest, brest
	}
}
