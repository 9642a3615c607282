package mapping_test

import (
	"testing"

	"leafgate/mapping"
)

// Nothing that appends or looks allocates, where dst has room.
func TestAllocs(t *testing.T) {
	topics := [][]byte{[]byte("a/b/c"), []byte("/z2m//Küche Licht.1/*/>/\t"), []byte("$SYS/x")}
	subjects := [][]byte{[]byte("a.b.c"), []byte("/.z2m.Küche/_Licht//1./*./>"), []byte("a/b.*..\xff"), []byte("/")}
	illegal := [][]byte{{}, []byte("a/+"), []byte("a\x00"), []byte("a\xff")}
	filter, err := mapping.ParseFilter([]byte("+/b/#"))
	if err != nil {
		t.Fatal(err)
	}
	var dst []byte
	each := func(list [][]byte, f func(s []byte)) func() {
		return func() {
			for _, s := range list {
				f(s)
			}
		}
	}
	for _, test := range []struct {
		name string
		run  func()
	}{
		{"AppendSubject", each(topics, func(s []byte) { dst, _ = mapping.AppendSubject(dst[:0], s) })},
		{"AppendSubject of illegal ones", each(illegal, func(s []byte) { dst, _ = mapping.AppendSubject(dst[:0], s) })},
		{"AppendTopic", each(subjects, func(s []byte) { dst, _ = mapping.AppendTopic(dst[:0], s) })},
		{"AppendSubstitute", each(subjects, func(s []byte) { dst = mapping.AppendSubstitute(dst[:0], s) })},
		{"AppendToken", each(topics, func(s []byte) { dst = mapping.AppendToken(dst[:0], s) })},
		{"AppendQueue", each(topics, func(s []byte) { dst = mapping.AppendQueue(dst[:0], mapping.Share{Name: s, Filter: s}) })},
		{"ParseShare", each([][]byte{[]byte("$share/g/a/#"), []byte("$share/g")}, func(s []byte) { mapping.ParseShare(s) })},
		{"Matches", each(subjects, func(s []byte) { filter.Matches(s) })},
		{"guard and limits", each(topics, func(s []byte) {
			mapping.Reserved(s)
			mapping.NeverOpens(s)
			mapping.Levels(s)
			mapping.StrictUTF8(s)
		})},
	} {
		dst = make([]byte, 0, 256)
		if n := testing.AllocsPerRun(5, func() {
			for range 1000 {
				test.run()
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations in 1,000 rounds", test.name, n)
		}
	}
}
