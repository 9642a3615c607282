package main

import "slices"

// A goal is what a row is to cost at most, and what keeps it from costing less. Both go into RESULTS.md.
type goal struct {
	rows    []string
	sizes   []int   // none: all
	peer    string  // whom ratios are to
	cpu     float64 // CPU per message by the peer's; 0: there is no such goal
	stretch float64 // what would be better still; 0: nothing said
	bytes   float64 // of memory for an idle connection
	better  float64 // the stretch of that
	limit   string  // what limits the row now; "": nobody has looked
}

// goalOf is the goal of a row at that size, or an empty one.
func goalOf(row string, size int) goal {
	for _, g := range goals {
		if slices.Contains(g.rows, row) && (g.sizes == nil || slices.Contains(g.sizes, size)) {
			return g
		}
	}
	return goal{}
}

const (
	ofNATS = "nats-server"
	ofMQTT = "mosquitto"
)

var small = []int{16, 128}

var goals = []goal{
	{rows: []string{"1:1", "8:8"}, sizes: small, peer: ofNATS, cpu: 0.25, stretch: 0.16,
		limit: "The kernel: nearly all is one read and one write for each batch, which copy it. At 16 bytes parsing shows as well."},
	{rows: []string{"20:1"}, sizes: small, peer: ofNATS, cpu: 0.25, stretch: 0.16,
		limit: "The kernel's copies, in and out; many publishers fill each other's runs, so that writes are larger than in 1:1."},
	{rows: []string{"1:50"}, sizes: small, peer: ofNATS, cpu: 0.12, stretch: 0.09,
		limit: "50 writes of the same bytes: the kernel copies each."},
	{rows: []string{"queue-4:8"}, peer: ofNATS, cpu: 0.25,
		limit: "A member is chosen for each message, so that its bytes are gathered member by member and not as one run."},
	{rows: []string{"subjects-1:1"}, peer: ofNATS, cpu: 0.3,
		limit: "A look into the memo for each message, and a prefix of its own: no two messages in a row share theirs."},
	{rows: []string{"1:1", "20:1"}, sizes: []int{1024}, peer: ofNATS, cpu: 0.5,
		limit: "The kernel's two copies of each payload. In user space it is copied once."},
	{rows: []string{"1:50"}, sizes: []int{1024}, peer: ofNATS, cpu: 0.25,
		limit: "The kernel copies each payload 50 times; nothing else shows."},
	{rows: []string{"1:1"}, sizes: []int{65536}, peer: ofNATS,
		limit: "The kernel's copies alone: payloads of 16 KiB and more are not copied in user space."},
	{rows: []string{"request-1"}, peer: ofNATS, cpu: 0.5,
		limit: "Four wake-ups for each request, two of which are the server's: system calls and the switch out of idle."},
	{rows: []string{"paced-1:1-5k", "paced-1:1-20k", "paced-100:1-5k", "paced-100:1-20k", "paced-100:100-5k", "paced-100:100-20k"}, peer: ofNATS, cpu: 0.6,
		limit: "A wake-up, a read and a write for each message; parsing and matching do not show."},
	{rows: []string{"flat-100:1", "flat-100:100"}, peer: ofNATS, cpu: 0.95,
		limit: "A server that is quick takes each message by itself, with a system call for each; one that is slow finds several at once."},
	{rows: []string{"mqtt-to-nats", "nats-to-mqtt"}, peer: ofNATS, cpu: 0.3,
		limit: "Each message is written anew for the other protocol, once; then the kernel's copies."},
	{rows: []string{"web-1:1", "web-1:50", "web-500:1"}, peer: ofNATS, cpu: 0.4,
		limit: "A frame for each message of the publisher: its header is read and its payload unmasked in place."},
	{rows: []string{"idle"}, peer: ofNATS, bytes: 2000, better: 1200,
		limit: "What is kept for a connection, its subscription and its place in the index."},
	{rows: []string{"mqtt-idle"}, peer: ofMQTT, bytes: 2000, better: 1200,
		limit: "What is kept for a connection, its session, its subscription and its place in the index."},
	{rows: []string{"web-idle"}, peer: ofNATS, bytes: 3000,
		limit: "As without WebSocket, and the state of the frames."},
	{rows: []string{"web-mqtt-idle"}, peer: ofMQTT, bytes: 3000,
		limit: "As without WebSocket, and the state of the frames."},
	{rows: []string{"tls-idle"}, peer: ofNATS, bytes: 18_000,
		limit: "Half of it is crypto/tls's own state, and a goroutine's stack is kept for each connection."},
	{rows: []string{"mqtt-tls-idle"}, peer: ofMQTT, bytes: 18_000,
		limit: "Half of it is crypto/tls's own state, and a goroutine's stack is kept for each connection."},

	{rows: []string{"mqtt-1:1-q0", "mqtt-500:1-q0"}, peer: ofMQTT, cpu: 0.05,
		limit: "The kernel's copies: packets of QoS 0 are passed on as they came. With 500 publishers, a read for each."},
	{rows: []string{"mqtt-500:1-q1"}, peer: ofMQTT, cpu: 0.07,
		limit: "A window of 100 messages for each publisher: a read and a write of acknowledgements for each window."},
	{rows: []string{"mqtt-1:1-q1"}, peer: ofMQTT, cpu: 0.08,
		limit: "One window of 100 messages at a time, and the subscriber's acknowledgements, one by one."},
	{rows: []string{"mqtt-1:1-q2"}, peer: ofMQTT, cpu: 0.08,
		limit: "As QoS 1, with four packets for each message on either side."},
	{rows: []string{"mqtt-1:500-q0"}, peer: ofMQTT, cpu: 0.05,
		limit: "500 writes of the same bytes: the kernel copies each."},
	{rows: []string{"mqtt-1:500-q1"}, peer: ofMQTT, cpu: 0.10,
		limit: "An identifier and a place in the window for each subscriber and message, and 500 acknowledgements for each."},
	{rows: []string{"mqtt-retained-10k"}, peer: ofMQTT, cpu: 0.10,
		limit: "Each message is written anew for each subscriber, with the flag of retained ones."},
	{rows: []string{"mqtt-paced-1000-q0", "mqtt-paced-1000-q1"}, peer: ofMQTT, cpu: 0.8,
		limit: "A wake-up, a read and a write for each message; mosquitto is one thread that does the same."},
	{rows: []string{"mqtt-connects"}, peer: ofMQTT, cpu: 0.9,
		limit: "Accepting, watching and closing a socket, which is the kernel's."},
	{rows: []string{"mqtt-flat-100:1"}, peer: ofMQTT, cpu: 0.7,
		limit: "A system call for each message in, and none saved as long as the server is quicker than the generator."},
}
