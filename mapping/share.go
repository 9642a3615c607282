package mapping

import "bytes"

// A Share is a subscription of a group, $share/NAME/FILTER. Its slices alias what it was parsed from.
type Share struct{ Name, Filter []byte }

var sharePrefix = []byte("$share/")

// ParseShare cuts the filter of a shared subscription. shared says whether s is one, also with an error: [ErrShare],
// [ErrNUL], [ErrUTF8], [ErrTooLong]. It does not look into sh.Filter, which is for [ParseFilter] and the guard. A topic
// name for which shared is true is not to be published to.
func ParseShare(s []byte) (sh Share, shared bool, err error) {
	rest, shared := bytes.CutPrefix(s, sharePrefix)
	if !shared {
		return Share{}, false, nil
	}
	if len(s) > MaxTopic {
		return Share{}, true, ErrTooLong
	}
	name, filter, _ := bytes.Cut(rest, []byte{'/'})
	if len(name) == 0 || len(filter) == 0 {
		return Share{}, true, ErrShare // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
	}
	if err := checkName(name); err != nil {
		return Share{}, true, err
	}
	return Share{Name: name, Filter: filter}, true, nil
}

// checkName looks for what a share name may not hold.
func checkName(s []byte) error {
	for i := 0; i < len(s); i++ {
		switch class[s[i]] {
		case wildcard:
			return ErrShare // [MQTT-4.8.2-2]
		case nul:
			return ErrNUL
		case high:
			size := runeSize(s[i:])
			if size == 0 {
				return ErrUTF8
			}
			i += size - 1
		}
	}
	return nil
}

// AppendQueue appends the name of the queue group of a share: NAME/FILTER as if that were one level, with /s for each
// slash, and with its wildcards kept. The filter is in it because groups with one name and different filters are
// different groups, while queue groups of one name share messages wherever their patterns overlap.
func AppendQueue(dst []byte, sh Share) []byte {
	dst = appendEscaped(dst, sh.Name)
	dst = append(dst, "/s"...)
	return appendEscaped(dst, sh.Filter)
}

// appendEscaped appends s as a part of one token.
func appendEscaped(dst, s []byte) []byte {
	for _, c := range s {
		switch k := class[c]; {
		case k == slash:
			dst = append(dst, "/s"...)
		case k > high:
			dst = append(dst, '/', k)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
