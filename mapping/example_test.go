package mapping_test

import (
	"fmt"

	"leafgate/mapping"
)

func Example() {
	subject, err := mapping.AppendSubject(nil, []byte("fromb/qos 0"))
	fmt.Printf("%s %v\n", subject, err)
	topic, ok := mapping.AppendTopic(nil, subject)
	fmt.Printf("%s %v\n", topic, ok)
	f, err := mapping.ParseFilter([]byte("fromb/#"))
	fmt.Println(f.Subject, f.Parent, err)
	fmt.Println(f.Matches(subject))
	// Output:
	// fromb.qos/_0 <nil>
	// fromb/qos 0 true
	// fromb.> fromb <nil>
	// true
}
