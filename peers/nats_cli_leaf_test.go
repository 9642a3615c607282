package peers

import (
	"os"
	"path/filepath"
	"testing"

	"leafgate/internal/peer"
)

// above calls the nats command at a leaf for the JetStream of its hub.
func (c *cli) above(args ...string) string {
	c.Helper()
	return c.run(append([]string{"--js-domain", "hub", "--timeout", "20s"}, args...)...)
}

// TestCLIJetStreamTour goes through streams, consumers, buckets and objects of the hub, at the leaf.
func TestCLIJetStreamTour(t *testing.T) {
	belowHub(t, plain, func(t *testing.T, hub, leaf *peer.Server) {
		c := newCLI(t, leaf)
		c.contains(c.above("account", "info"), "Connected Server Name: LEAF", "JetStream Account Information for domain hub", "Domain: hub")
		c.contains(c.above("stream", "add", "ORDERS", "--subjects", "orders.>", "--defaults"), "Stream ORDERS was created")
		c.contains(c.above("stream", "ls"), "ORDERS")
		c.contains(c.above("pub", "orders.1", "hello", "--jetstream"), `Stored in Stream: ORDERS Sequence: 1 Domain: "hub"`)
		c.contains(c.above("pub", "orders.2", "world", "--jetstream"), `Stored in Stream: ORDERS Sequence: 2 Domain: "hub"`)
		c.contains(c.above("stream", "info", "ORDERS"), "Information for Stream ORDERS", "Messages: 2", "Number of Subjects: 2")
		c.contains(c.above("stream", "get", "ORDERS", "1"), "ORDERS#1", "on Subject orders.1", "hello")
		subjects := c.above("stream", "subjects", "ORDERS") // in any order
		c.contains(subjects, "orders.1")
		c.contains(subjects, "orders.2")
		c.contains(c.above("consumer", "add", "ORDERS", "C", "--pull", "--defaults"), "Consumer ORDERS > C", "Unprocessed Messages: 2")
		c.contains(c.above("consumer", "next", "ORDERS", "C", "--ack", "--count", "2"), "subj: orders.1", "hello", "Acknowledged message",
			"subj: orders.2", "world", "Acknowledged message")
		c.contains(c.above("consumer", "info", "ORDERS", "C"), "Outstanding Acks: 0", "Unprocessed Messages: 0")
		c.contains(c.above("consumer", "ls", "ORDERS"), "C")
		c.contains(c.above("stream", "report"), "Stream Report", "ORDERS")

		c.contains(c.above("kv", "add", "SET"), "Key-Value Store Bucket SET")
		c.contains(c.above("kv", "put", "SET", "press", "on"), "on")
		c.contains(c.above("kv", "get", "SET", "press", "--raw"), "on")
		c.contains(c.above("kv", "ls"), "SET")
		c.contains(c.above("kv", "ls", "SET"), "press")
		c.contains(c.above("kv", "history", "SET", "press"), "PUT", "on")
		c.above("kv", "del", "SET", "press", "-f")

		dir := t.TempDir()
		image, copied := filepath.Join(dir, "image"), filepath.Join(dir, "copied")
		must(t, os.WriteFile(image, []byte("an image"), 0o600))
		c.contains(c.above("object", "add", "FIRMWARE"), "Object Store Bucket FIRMWARE")
		c.contains(c.above("object", "put", "FIRMWARE", image, "--name", "press", "--no-progress"), "Size: 8 B")
		c.above("object", "get", "FIRMWARE", "press", "-O", copied, "--no-progress", "-f")
		if got, err := os.ReadFile(copied); err != nil || string(got) != "an image" {
			t.Errorf("the object comes back as %q, %v", got, err)
		}

		c.contains(newCLI(t, hub).run("stream", "ls", "--all"), "ORDERS") // they are the hub's
		c.above("stream", "purge", "ORDERS", "-f")
		c.above("stream", "rm", "ORDERS", "-f")
		c.fails("--js-domain", "hub", "stream", "info", "ORDERS")
	})
}
