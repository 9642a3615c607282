package leafnode

import (
	"net/url"
	"slices"
	"testing"
)

// TestNameTokens: names in subjects are one token each, and no two are the same.
func TestNameTokens(t *testing.T) {
	u, err := url.Parse("nats-leaf://hub1.example:7422")
	if err != nil {
		t.Fatal(err)
	}
	var all []*remoteOptions
	for _, label := range []string{"", "", "cloud", "the.cloud", "the cloud", "the*cloud", ">", "Wolke-7", "\u2601"} {
		all = append(all, &remoteOptions{label: label, urls: []*url.URL{u}})
	}
	all = append(all, &remoteOptions{})
	nameTokens(all)
	var got []string
	for _, o := range all {
		got = append(got, o.token)
	}
	want := []string{"hub1_example_7422", "hub1_example_7422_2", "cloud", "the_cloud", "the_cloud_2", "the_cloud_3", "_", "Wolke-7", "__2", "_2"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
