package mapping

// A Filter is what a topic filter asks for, in subjects. It does not change.
type Filter struct {
	// Subject is a pattern, as subscriptions have them.
	Subject string
	// Parent is one more subject that the filter matches, or empty: "a/#" also matches "a", section 4.7.1.2. Nothing
	// matches both, so that one subscription with two patterns delivers a message once.
	Parent string
	// NoDollar: the filter begins with a wildcard and does not match what begins with $ [MQTT-4.7.2-1], nor what is
	// reserved. Patterns cannot say so; whoever delivers checks it.
	NoDollar bool
}

// ParseFilter maps a topic filter, which is not that of a shared subscription: [ParseShare] comes first. Errors are
// [ErrEmpty], [ErrTooLong], [ErrFilter], [ErrNUL] and [ErrUTF8]. It keeps no reference to filter.
func ParseFilter(filter []byte) (Filter, error) {
	subject, err := appendImage(nil, filter, true)
	if err != nil {
		return Filter{}, err
	}
	f := Filter{Subject: string(subject), NoDollar: class[filter[0]] == wildcard}
	// The parent of "/#" would be the empty topic, which is none.
	if n := len(filter); n > len("/#") && string(filter[n-2:]) == "/#" {
		f.Parent = f.Subject[:len(f.Subject)-len(".>")]
	}
	return f, nil
}

// Matches says whether messages on a subject that is not foreign are for the filter's subscriber: what delivery decides
// by the pattern and the flags of the subscription, for one subject at hand. A reserved subject matches a filter only
// where that does not begin with a wildcard.
func (f *Filter) Matches(subject []byte) bool {
	if f.NoDollar && len(subject) > 0 && (subject[0] == '$' || ReservedSubject(subject)) {
		return false
	}
	return matches(f.Subject, subject) || f.Parent != "" && matches(f.Parent, subject)
}

// matches says whether a literal subject matches a pattern.
func matches(pattern string, subject []byte) bool {
	p, s := 0, 0
	for {
		pEnd, sEnd := p, s
		for pEnd < len(pattern) && pattern[pEnd] != '.' {
			pEnd++
		}
		for sEnd < len(subject) && subject[sEnd] != '.' {
			sEnd++
		}
		switch token := pattern[p:pEnd]; {
		case sEnd == s:
			return false
		case token == ">":
			return true
		case token != "*" && token != string(subject[s:sEnd]):
			return false
		case pEnd == len(pattern) || sEnd == len(subject):
			return pEnd == len(pattern) && sEnd == len(subject)
		}
		p, s = pEnd+1, sEnd+1
	}
}
