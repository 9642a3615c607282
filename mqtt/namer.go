package mqtt

import (
	"leafgate/core"
	"leafgate/mapping"
)

// A namer maps topics that clients publish to, within the limits of a configuration.
type namer struct {
	maxSubject int // bytes
	maxLevels  int // separators
	strict     bool
	open       bool // for topics that the guard keeps clients from, where a session has been given the right
}

var _ core.Namer = (*namer)(nil)

// AppendSubject implements core.Namer. Its errors are mapping's.
func (n *namer) AppendSubject(dst, topic []byte) ([]byte, error) {
	at := len(dst)
	dst, err := mapping.AppendSubject(dst, topic)
	switch {
	case err != nil:
		return dst, err
	case n.strict && !mapping.StrictUTF8(topic):
		return dst[:at], mapping.ErrStrict
	case !n.open && (mapping.ReservedTopic(topic) || isShare(topic)):
		return dst[:at], mapping.ErrReserved
	case len(dst)-at > n.maxSubject || mapping.Levels(topic) > n.maxLevels:
		return dst[:at], mapping.ErrLimit
	}
	return dst, nil
}

// isShare: a topic that could only be meant for a shared subscription.
func isShare(topic []byte) bool {
	_, shared, _ := mapping.ParseShare(topic)
	return shared
}

// checkFilter says whether a filter keeps the limits. It has been parsed.
func (n *namer) checkFilter(filter []byte, f *mapping.Filter) error {
	switch {
	case n.strict && !mapping.StrictUTF8(filter):
		return mapping.ErrStrict
	case len(f.Subject) > n.maxSubject || mapping.Levels(filter) > n.maxLevels:
		return mapping.ErrLimit
	}
	return nil
}
