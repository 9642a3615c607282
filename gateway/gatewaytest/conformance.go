package gatewaytest

import "testing"

// Conformance is what every frontend has to pass. It runs from an external test that is not parallel to others: some
// cases count the allocations and goroutines of the whole process.
func Conformance(t *testing.T, d Driver) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, d *Driver)
	}{
		{"allocations", testAllocations},
		{"idle", testIdle},
		{"patterns", testPatterns},
		{"payloads", testPayloads},
		{"order", testOrder},
		{"overlap", testOverlap},
		{"unsubscribe", testUnsubscribe},
		{"queue groups", testQueueGroups},
		{"engine", testEngine},
		{"credentials", testCredentials},
		{"denied publish", testDeniedPublish},
		{"denied subscribe", testDeniedSubscribe},
		{"max payload", testMaxPayload},
		{"nonsense", testNonsense},
		{"slow consumer", testSlowConsumer},
		{"churn", testChurn},
		{"shutdown", testShutdown},
		{"shutdown past a stuck client", testShutdownStuck},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, &d) })
	}
}
