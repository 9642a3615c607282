package mapping_test

import (
	"testing"

	"leafgate/mapping"
)

// topic is the first level, also used as a topic of its own, with more levels, and as a subject.
func TestReserved(t *testing.T) {
	for _, test := range []struct {
		level             string
		reserved, noOpens bool
	}{
		{level: "$SYS", reserved: true, noOpens: true},
		{level: "$MQTT", reserved: true, noOpens: true},
		{level: "$NRG", reserved: true, noOpens: true},
		{level: "$GNR", reserved: true, noOpens: true},
		{level: "_R_", reserved: true, noOpens: true},
		{level: "_GR_", reserved: true, noOpens: true},
		{level: "$JS", reserved: true},
		{level: "$JSC", reserved: true},
		{level: "$KV", reserved: true},
		{level: "$OBJ", reserved: true},
		{level: "$O", reserved: true},
		{level: "$LDS", reserved: true},
		{level: "$GR", reserved: true},
		{level: "$SRV", reserved: true},
		{level: "_INBOX", reserved: true},
		{level: "_INBOX_user", reserved: true},
		{level: "_INBOXabc", reserved: true},
		{level: "$", reserved: true},
		{level: "_", reserved: true},
		{level: "_0", reserved: true},
		{level: "$A_9Z", reserved: true},
		{level: "$aws"},
		{level: "$test"},
		{level: "$sparkplug"},
		{level: "$share"},
		{level: "$SYSx"},
		{level: "$$"},
		{level: "_INBO-"},
		{level: "_inbox"},
		{level: "a"},
		{level: "A"},
		{level: "*"},
		{level: "\xff"},
	} {
		for _, name := range []string{test.level, test.level + "/x", test.level + "/", test.level + ".x"} {
			if got := mapping.Reserved([]byte(name)); got != test.reserved {
				t.Errorf("%q: got reserved %v", name, got)
			}
			if got := mapping.NeverOpens([]byte(name)); got != test.noOpens {
				t.Errorf("%q: got never opens %v", name, got)
			}
		}
		if got := mapping.ReservedTopic([]byte(test.level + "/x")); got != test.reserved {
			t.Errorf("topic %q: got reserved %v", test.level, got)
		}
		if got := mapping.ReservedSubject([]byte(test.level + ".x")); got != test.reserved {
			t.Errorf("subject %q: got reserved %v", test.level, got)
		}
	}
}

func TestReservedElsewhere(t *testing.T) {
	for _, name := range []string{"", "a/$SYS", "a.$SYS", "/$SYS", "/.$SYS", " $SYS", "+/$SYS", "#"} {
		if mapping.Reserved([]byte(name)) || mapping.NeverOpens([]byte(name)) {
			t.Errorf("%q: is reserved or never opens, its first level is neither", name)
		}
	}
}

// A separator of the other alphabet is part of the level or token.
func TestReservedOfOneKind(t *testing.T) {
	for _, test := range []struct {
		name                    string
		topic, subject, unknown bool
	}{
		{name: "$SYS.x/y", subject: true, unknown: true},
		{name: "_LIVING ROOM/x"},
		{name: "_LIVING/_ROOM.x", topic: true, unknown: true},
		{name: "$SYS//x.y", topic: true, unknown: true}, // the subject of the first
		{name: "_INBOX.x/y", topic: true, subject: true, unknown: true},
	} {
		name := []byte(test.name)
		topic, subject, unknown := mapping.ReservedTopic(name), mapping.ReservedSubject(name), mapping.Reserved(name)
		if topic != test.topic || subject != test.subject || unknown != test.unknown {
			t.Errorf("%q: got %v, %v, %v, want %v, %v, %v", name, topic, subject, unknown, test.topic, test.subject, test.unknown)
		}
	}
}

// Filters that begin with a wildcard match neither what begins with $ nor what is reserved.
func TestMatches(t *testing.T) {
	for _, test := range []struct {
		filter, subject string
		want            bool
	}{
		{"#", "a", true},
		{"#", "a.b", true},
		{"#", "$SYS.x", false},
		{"#", "$aws.x", false},
		{"#", "_INBOX.x", false},
		{"#", "_INBOXx", false},
		{"#", "_R_.x", false},
		{"#", "_LIVING/_ROOM.x", true},
		{"#", "_living.x", true},
		{"#", "a.$SYS", true},
		{"#", "/.a", true},
		{"#", "", false},
		{"+/API/#", "$JS.API.INFO", false},
		{"+/API/#", "_JS.API.INFO", false},
		{"+/API/#", "JS.API.INFO", true},
		{"+/API/#", "JS.API", true},
		{"+/API/#", "JS", false},
		{"$aws/#", "$aws", true},
		{"$aws/#", "$aws.x.y", true},
		{"$aws/+", "$aws", false},
		{"$KV/#", "$KV.cfg.x", true}, // whether it may be subscribed to is decided elsewhere
		{"_INBOX/+", "_INBOX.x", true},
		{"a/#", "a", true},
		{"a/#", "a.", false},
		{"a/#", "ab", false},
		{"a/#", "a./", true},
		{"a/+", "a./", true},
		{"a/+", "a.b.c", false},
		{"a/+", "a", false},
		{"/#", "/", false},
		{"/#", "/./", true},
		{"a/*", "a.b", false},
		{"a/*", "a./*", true},
		{"+", "/*", true},
		{"a*/+", "ab.c", false},
		{"*", "a", false},
	} {
		f, err := mapping.ParseFilter([]byte(test.filter))
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Matches([]byte(test.subject)); got != test.want {
			t.Errorf("filter %q, subject %q: got %v, want %v", test.filter, test.subject, got, test.want)
		}
	}
}
