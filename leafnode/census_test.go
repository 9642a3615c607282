package leafnode_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
)

// A census has a client at each of several servers. Each hears what all publish, and how often.
type census struct {
	t     *testing.T
	nodes []*node
}

type node struct {
	name string
	nc   *nats.Conn
	mu   sync.Mutex
	seen map[string]int
}

func newCensus(t *testing.T) *census { return &census{t: t} }

// at adds a client.
func (c *census) at(name, url string, options ...nats.Option) {
	c.t.Helper()
	n := &node{name: name, nc: connect(c.t, url, options...), seen: make(map[string]int)}
	s, err := n.nc.Subscribe("census.>", func(m *nats.Msg) {
		n.mu.Lock()
		n.seen[string(m.Data)]++
		n.mu.Unlock()
	})
	must(c.t, err)
	must(c.t, s.SetPendingLimits(-1, -1))
	must(c.t, n.nc.Flush())
	c.nodes = append(c.nodes, n)
}

func (n *node) has(data string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[data] > 0
}

func (c *census) all(data string) bool {
	for _, n := range c.nodes {
		if !n.has(data) {
			return false
		}
	}
	return true
}

// say has every node publish data, with its name.
func (c *census) say(data string) {
	c.t.Helper()
	for _, n := range c.nodes {
		must(c.t, n.nc.Publish("census."+n.name, []byte(n.name+" "+data)))
	}
}

func (c *census) flush() {
	c.t.Helper()
	for _, n := range c.nodes {
		must(c.t, n.nc.Flush())
	}
}

// ready returns when what any node says reaches all.
func (c *census) ready() {
	c.t.Helper()
	for _, n := range c.nodes {
		i := 0
		until(c.t, "all hear "+n.name, func() bool {
			i++
			must(c.t, n.nc.Publish("census."+n.name, []byte(fmt.Sprint(n.name, " probe ", i))))
			must(c.t, n.nc.Flush())
			for j := range i {
				if c.all(fmt.Sprint(n.name, " probe ", j+1)) {
					return true
				}
			}
			return false
		})
	}
}

// count has every node publish so many messages, and checks that each has come to each node, and nothing twice.
func (c *census) count(messages int) {
	c.t.Helper()
	c.ready()
	for i := range messages {
		c.say(fmt.Sprint("message ", i))
	}
	c.flush()
	c.say("the end")
	c.flush()
	for _, n := range c.nodes {
		until(c.t, "all hear the end from "+n.name, func() bool { return c.all(n.name + " the end") })
	}
	c.say("what is behind the end")
	c.flush()
	for _, n := range c.nodes {
		until(c.t, "all hear what is behind it", func() bool { return c.all(n.name + " what is behind the end") })
	}
	for _, n := range c.nodes {
		n.mu.Lock()
		got := 0
		for data, times := range n.seen {
			if times != 1 {
				c.t.Errorf("%s hears %q %d times", n.name, data, times)
			}
			if strings.Contains(data, " message ") {
				got++
			}
		}
		if want := messages * len(c.nodes); got != want {
			c.t.Errorf("%s hears %d messages, want %d", n.name, got, want)
		}
		clear(n.seen)
		n.mu.Unlock()
	}
}
