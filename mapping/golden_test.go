package mapping_test

import (
	"errors"
	"strings"
	"testing"

	"leafgate/mapping"
)

// goldenTopics are pairs that do not change while Version is 1.
var goldenTopics = []struct{ topic, subject string }{
	{"a", "a"},
	{"a/b", "a.b"},
	{"/a", "/.a"},
	{"a/", "a./"},
	{"/a/", "/.a./"},
	{"a//b", "a./.b"},
	{"/", "/./"},
	{"//", "/././"},
	{"///", "/./././"},
	{"//a//b//", "/./.a./.b././"},
	{"/a//b/", "/.a./.b./"},
	{"plant/7/temp", "plant.7.temp"},
	{"a.b", "a//b"},
	{".", "//"},
	{"..", "////"},
	{"a/.", "a.//"},
	{"./a", "//.a"},
	{"a./b", "a//.b"},
	{".//.", "//././/"},
	{"spBv1.0/Plant 7/NBIRTH/e.4", "spBv1//0.Plant/_7.NBIRTH.e//4"},
	{"a b", "a/_b"},
	{" ", "/_"},
	{" /a", "/_.a"},
	{"a/ /b", "a./_.b"},
	{"fromb/qos 0", "fromb.qos/_0"},
	{"z2m/Küche Licht.1/set", "z2m.Küche/_Licht//1.set"},
	{"温度/室内", "温度.室内"},
	{"a_b/_t", "a_b._t"},
	{"a\tb", "a/tb"},
	{"a\nb", "a/nb"},
	{"a\rb", "a/rb"},
	{"a\fb", "a/fb"},
	{"a\x7fb", "a/db"},
	{"a\vb", "a\vb"},
	{"a\x01b", "a\x01b"},
	{"*", "/*"},
	{"a/*", "a./*"},
	{"*/a", "/*.a"},
	{"a/*/b", "a./*.b"},
	{"a*b", "a*b"},
	{"*a/b*", "*a.b*"},
	{"**", "**"},
	{">", "/>"},
	{"a/>", "a./>"},
	{"a>/b", "a>.b"},
	{">/*", "/>./*"},
	{"*. ", "*///_"},
	{"$SYS/broker/uptime", "$SYS.broker.uptime"},
	{"$SYS/broker/retained messages/count", "$SYS.broker.retained/_messages.count"},
	{"$aws/things/x", "$aws.things.x"},
	{"a/$b", "a.$b"},
	{"_INBOX/abc/1", "_INBOX.abc.1"},
	{"\ufeffa", "\ufeffa"},
	{"t/n", "t.n"},
	{"\ufffd", "\ufffd"}, // a character like any other, though decoders use it for what is none
	{"\U0010ffff", "\U0010ffff"},
}

func TestGoldenTopics(t *testing.T) {
	if mapping.Version != 1 {
		t.Fatalf("the table is of version 1, not %d", mapping.Version)
	}
	for _, test := range goldenTopics {
		subject, err := mapping.AppendSubject([]byte("dst "), []byte(test.topic))
		if string(subject) != "dst "+test.subject || err != nil {
			t.Errorf("topic %q: got %q, %v, want %q", test.topic, subject, err, test.subject)
		}
		topic, ok := mapping.AppendTopic([]byte("dst "), []byte(test.subject))
		if string(topic) != "dst "+test.topic || !ok {
			t.Errorf("subject %q: got %q, %v, want %q", test.subject, topic, ok, test.topic)
		}
	}
}

var goldenFilters = []struct {
	filter string
	want   mapping.Filter
}{
	{"#", mapping.Filter{Subject: ">", NoDollar: true}},
	{"+", mapping.Filter{Subject: "*", NoDollar: true}},
	{"+/#", mapping.Filter{Subject: "*.>", Parent: "*", NoDollar: true}},
	{"+/a", mapping.Filter{Subject: "*.a", NoDollar: true}},
	{"+/+", mapping.Filter{Subject: "*.*", NoDollar: true}},
	{"+//#", mapping.Filter{Subject: "*./.>", Parent: "*./", NoDollar: true}},
	{"/#", mapping.Filter{Subject: "/.>"}},
	{"/+", mapping.Filter{Subject: "/.*"}},
	{"//", mapping.Filter{Subject: "/././"}},
	{"a/#", mapping.Filter{Subject: "a.>", Parent: "a"}},
	{"a/+", mapping.Filter{Subject: "a.*"}},
	{"a/+/b", mapping.Filter{Subject: "a.*.b"}},
	{"a/+/#", mapping.Filter{Subject: "a.*.>", Parent: "a.*"}},
	{"a//#", mapping.Filter{Subject: "a./.>", Parent: "a./"}},
	{"a.b/+", mapping.Filter{Subject: "a//b.*"}},
	{"a/b c/#", mapping.Filter{Subject: "a.b/_c.>", Parent: "a.b/_c"}},
	{"a b/#", mapping.Filter{Subject: "a/_b.>", Parent: "a/_b"}},
	{"a/*", mapping.Filter{Subject: "a./*"}},
	{"a/>/#", mapping.Filter{Subject: "a./>.>", Parent: "a./>"}},
	{"a*/+", mapping.Filter{Subject: "a*.*"}},
	{" /#", mapping.Filter{Subject: "/_.>", Parent: "/_"}},
	{"$SYS/#", mapping.Filter{Subject: "$SYS.>", Parent: "$SYS"}},
	{"//#", mapping.Filter{Subject: "/./.>", Parent: "/./"}},
	{"a", mapping.Filter{Subject: "a"}},
}

func TestGoldenFilters(t *testing.T) {
	for _, test := range goldenFilters {
		got, err := mapping.ParseFilter([]byte(test.filter))
		if got != test.want || err != nil {
			t.Errorf("filter %q: got %+v, %v, want %+v", test.filter, got, err, test.want)
		}
	}
}

// goldenForeign are subjects that no topic maps to, with their substitutes.
var goldenForeign = []struct{ subject, substitute string }{
	{"a/b", "a\ufffdb"},
	{"a.b/", "a/b\ufffd"},
	{"/", "\ufffd"},
	{"a./b.c", "a/\ufffdb/c"},
	{"a///b", "a.\ufffdb"},
	{"a.b+c", "a/b\ufffdc"},
	{"a.#", "a/\ufffd"},
	{"x/_y/*", "x y\ufffd"},
	{"a./*b", "a/\ufffdb"},
	{"/q", "\ufffdq"},
	{"a\x7f", "a\ufffd"},
	{"\xff", "\ufffd"},
	{"a.*", "a/\ufffd"},
	{"a.>", "a/\ufffd"},
	{"", "\ufffd"},
	{".", "\ufffd/\ufffd"},
	{"a..b", "a/\ufffd/b"},
	{"a.", "a/\ufffd"},
	{"*", "\ufffd"},
	{"///", ".\ufffd"},
	{"a/>", "a\ufffd"},
	{"a\x00b", "a\ufffdb"},
	{"a b\t\n\r\f", "a\ufffdb\ufffd\ufffd\ufffd\ufffd"},
	{"\xe6\xb8.a", "\ufffd\ufffd/a"},
	{"/\xff", "\ufffd\ufffd"},
	{"/.+", "/\ufffd"},
}

func TestGoldenForeign(t *testing.T) {
	for _, test := range goldenForeign {
		topic, ok := mapping.AppendTopic([]byte("dst"), []byte(test.subject))
		if string(topic) != "dst" || ok {
			t.Errorf("subject %q: got %q, %v, want it foreign", test.subject, topic, ok)
		}
		if got := mapping.AppendSubstitute([]byte("dst "), []byte(test.subject)); string(got) != "dst "+test.substitute {
			t.Errorf("subject %q: got substitute %q, want %q", test.subject, got[4:], test.substitute)
		}
	}
}

var long = strings.Repeat("x", mapping.MaxTopic)

var illegal = []struct {
	in            string
	topic, filter error
}{
	{"", mapping.ErrEmpty, mapping.ErrEmpty},
	{"a/+", mapping.ErrWildcard, nil},
	{"#", mapping.ErrWildcard, nil},
	{"a#b", mapping.ErrWildcard, mapping.ErrFilter},
	{"a+", mapping.ErrWildcard, mapping.ErrFilter},
	{"+a", mapping.ErrWildcard, mapping.ErrFilter},
	{"a#", mapping.ErrWildcard, mapping.ErrFilter},
	{"#a", mapping.ErrWildcard, mapping.ErrFilter},
	{"a/#/b", mapping.ErrWildcard, mapping.ErrFilter},
	{"#/", mapping.ErrWildcard, mapping.ErrFilter},
	{"##", mapping.ErrWildcard, mapping.ErrFilter},
	{"+#", mapping.ErrWildcard, mapping.ErrFilter},
	{"++", mapping.ErrWildcard, mapping.ErrFilter},
	{"\x00", mapping.ErrNUL, mapping.ErrNUL},
	{"a/b\x00", mapping.ErrNUL, mapping.ErrNUL},
	{"\xff", mapping.ErrUTF8, mapping.ErrUTF8},
	{"\xc0\xaf", mapping.ErrUTF8, mapping.ErrUTF8},
	{"a/\xed\xa0\x80", mapping.ErrUTF8, mapping.ErrUTF8},
	{"\xf4\x90\x80\x80", mapping.ErrUTF8, mapping.ErrUTF8},
	{"a\xe6\xb8", mapping.ErrUTF8, mapping.ErrUTF8},
	{"\xe6\xb8/a", mapping.ErrUTF8, mapping.ErrUTF8},
	{long, nil, nil},
	{long + "x", mapping.ErrTooLong, mapping.ErrTooLong},
}

// What is illegal is refused, and dst comes back as it was.
func TestIllegal(t *testing.T) {
	for _, test := range illegal {
		dst, err := mapping.AppendSubject([]byte("dst"), []byte(test.in))
		if !errors.Is(err, test.topic) || err != nil && string(dst) != "dst" {
			t.Errorf("topic %.20q: got %.20q, %v, want %v", test.in, dst, err, test.topic)
		}
		f, err := mapping.ParseFilter([]byte(test.in))
		if !errors.Is(err, test.filter) || err != nil && f != (mapping.Filter{}) {
			t.Errorf("filter %.20q: got %.20q, %v, want %v", test.in, f.Subject, err, test.filter)
		}
	}
}

// The longest topics map there and back; subjects of longer ones are foreign, and their substitutes are cut.
func TestLength(t *testing.T) {
	const most = mapping.MaxTopic
	for _, topic := range []string{
		long, strings.Repeat("/", most), strings.Repeat(".", most), strings.Repeat("a/", most/2) + "a", strings.Repeat("室", most/3),
	} {
		subject, err := mapping.AppendSubject(nil, []byte(topic))
		if err != nil || len(subject) > 2*most+1 {
			t.Fatalf("topic %.10q: got %d bytes, %v", topic, len(subject), err)
		}
		if got, ok := mapping.AppendTopic(nil, subject); string(got) != topic || !ok {
			t.Errorf("topic %.10q: got %d bytes back, %v, want %d", topic, len(got), ok, len(topic))
		}
		subject = append(subject, ".室"...)
		if got, ok := mapping.AppendTopic(nil, subject); len(got) > 0 || ok {
			t.Errorf("subject of %.10q and more: got %d bytes, %v, want it foreign", topic, len(got), ok)
		}
		got := mapping.AppendSubstitute(nil, subject)
		if _, err := mapping.AppendSubject(nil, got); err != nil || len(got) < most-2 || !strings.HasPrefix(topic+"/室", string(got)) {
			t.Errorf("subject of %.10q and more: got %d bytes, %v, want a beginning of it", topic, len(got), err)
		}
	}
	got := mapping.AppendSubstitute(nil, []byte("ab"+strings.Repeat("室", most/3))) // the limit is inside a character
	if want := "ab" + strings.Repeat("室", most/3-1); string(got) != want {
		t.Errorf("got %d bytes, want %d, whole characters", len(got), len(want))
	}
	subject, err := mapping.AppendSubject(nil, []byte(strings.Repeat("/", most)))
	if len(subject) != 2*most+1 || err != nil {
		t.Errorf("got %d bytes, %v, want %d", len(subject), err, 2*most+1)
	}
}
