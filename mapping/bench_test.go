package mapping_test

import (
	"testing"

	"leafgate/mapping"
)

var benchTopics = []struct{ name, topic string }{
	{name: "plain", topic: "plant/hall-7/press/temperature"},
	{name: "flat", topic: "plant-hall-7-press-temperature"},
	{name: "escapes", topic: "spBv1.0/Plant 7/NBIRTH/edge.41"},
	{name: "unicode", topic: "z2m/Küche Licht.1/Farbe/set_id"},
	{name: "empty levels", topic: "/plant//hall-7/press/pressure/"},
}

func BenchmarkAppendSubject(b *testing.B) {
	for _, test := range benchTopics {
		b.Run(test.name, func(b *testing.B) {
			topic, dst := []byte(test.topic), make([]byte, 0, 128)
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = mapping.AppendSubject(dst[:0], topic)
			}
		})
	}
}

func BenchmarkAppendTopic(b *testing.B) {
	for _, test := range benchTopics {
		b.Run(test.name, func(b *testing.B) {
			subject, err := mapping.AppendSubject(nil, []byte(test.topic))
			if err != nil {
				b.Fatal(err)
			}
			dst := make([]byte, 0, 128)
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = mapping.AppendTopic(dst[:0], subject)
			}
		})
	}
}

func BenchmarkFilterMatches(b *testing.B) {
	f, err := mapping.ParseFilter([]byte("+/hall-7/+/#"))
	if err != nil {
		b.Fatal(err)
	}
	subject := []byte("plant.hall-7.press.temperature")
	b.ReportAllocs()
	for b.Loop() {
		if !f.Matches(subject) {
			b.Fatal("no match")
		}
	}
}
