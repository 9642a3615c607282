//go:build !peers

package peers

// brokers are the MQTT servers that tests of MQTT clients run against. With build tag peers there is one more.
func brokers() []string { return []string{"leafgate"} }
