package leafnode_test

import (
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"leafgate/gateway"
)

// A relay stands between two servers, and cuts what goes through it.
type relay struct {
	lis net.Listener
	to  string
	wg  sync.WaitGroup
	mu  sync.Mutex
	all map[net.Conn]bool
}

func newRelay(t *testing.T, to string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r := &relay{lis: l, to: to, all: make(map[net.Conn]bool)}
	r.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.carry(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.cut()
		r.wg.Wait()
	})
	return r
}

func (r *relay) carry(c net.Conn) {
	defer c.Close()
	d, err := net.Dial("tcp", r.to)
	if err != nil {
		return
	}
	defer d.Close()
	r.mu.Lock()
	r.all[c], r.all[d] = true, true
	r.mu.Unlock()
	var wg sync.WaitGroup
	for _, way := range [][2]net.Conn{{c, d}, {d, c}} {
		wg.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			c.Close()
			d.Close()
		})
	}
	wg.Wait()
	r.mu.Lock()
	delete(r.all, c)
	delete(r.all, d)
	r.mu.Unlock()
}

// cut ends all connections at once.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.all {
		c.Close()
	}
}

// A churner subscribes and unsubscribes at random, and knows what it has.
type churner struct {
	nc   *nats.Conn
	tag  string
	has  []*nats.Subscription
	rand *rand.Rand
}

// change makes one change.
func (c *churner) change(t *testing.T) {
	t.Helper()
	if n := len(c.has); n > 60 || n > 0 && c.rand.IntN(3) == 0 {
		i := c.rand.IntN(n)
		must(t, c.has[i].Unsubscribe())
		c.has = slices.Delete(c.has, i, i+1)
		return
	}
	subject := fmt.Sprintf("churn.%s.%d", c.tag, c.rand.IntN(40))
	switch c.rand.IntN(5) {
	case 0:
		subject += ".>"
	case 1:
		subject += ".*"
	}
	var s *nats.Subscription
	var err error
	if c.rand.IntN(3) == 0 {
		s, err = c.nc.QueueSubscribe(subject, fmt.Sprint("q", c.rand.IntN(3)), func(*nats.Msg) {})
	} else {
		s, err = c.nc.Subscribe(subject, func(*nats.Msg) {})
	}
	must(t, err)
	c.has = append(c.has, s)
}

// wants is what others should know of c: each subject once, and once more for each queue.
func wants(all ...*churner) (list []string) {
	once := make(map[string]bool)
	for _, c := range all {
		for _, s := range c.has {
			once[s.Subject+" "+s.Queue] = true
		}
	}
	for _, k := range slices.Sorted(maps.Keys(once)) {
		subject, _, _ := strings.Cut(k, " ")
		list = append(list, subject)
	}
	slices.Sort(list)
	return list
}

// knows is what g has heard of others, by its link number i.
func knows(t *testing.T, g *gateway.Gateway, name string) (list []string) {
	t.Helper()
	for _, l := range leafz(t, g) {
		if l.Name != name {
			continue
		}
		for _, s := range l.Subs {
			if strings.HasPrefix(s, "churn.") {
				list = append(list, s)
			}
		}
	}
	slices.Sort(list)
	return list
}

// cut cuts g's link, which is up.
func cut(t *testing.T, g *gateway.Gateway, r *relay) {
	t.Helper()
	awaitUp(t, g, 0)
	since := uplinks(g)[0].Since
	r.cut()
	until(t, "the loss is known", func() bool { u := uplinks(g)[0]; return !u.Connected || u.Since != since })
}

// TestInterestOfTree: a thousand changes on either side and in the middle, while links are cut fifty times: then all know what
// the others want, and nothing else.
func TestInterestOfTree(t *testing.T) {
	above := startAbove(t, "", "no_advertise: true") // no way around the relay
	cuts := newRelay(t, leafAddr(above))
	below := joint(t, "BELOW", "", "no_advertise: true,", fmt.Sprintf("{ url: \"nats-leaf://%s\" }", cuts.lis.Addr()))
	cutsBelow := newRelay(t, leafAddr(below))
	bottom := joint(t, "BOTTOM", "", "", fmt.Sprintf("{ url: \"nats-leaf://%s\" }", cutsBelow.lis.Addr()))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all []*churner
	for i, g := range []*gateway.Gateway{above, below, bottom} {
		all = append(all, &churner{nc: connect(t, siteURL(g)), tag: fmt.Sprint("n", i%2), rand: rand.New(rand.NewPCG(seed, uint64(i)))})
	}
	for i := range 1000 {
		all[i%3].change(t)
		if i%40 == 10 {
			must(t, all[i%3].nc.Flush())
			cut(t, below, cuts)
		} else if i%40 == 30 {
			cut(t, bottom, cutsBelow)
		}
	}
	for _, c := range all {
		must(t, c.nc.Flush())
	}
	check := func() {
		t.Helper()
		for _, x := range []struct {
			what string
			g    *gateway.Gateway
			name string
			want []string
		}{
			{"above, of what is below", above, "BELOW", wants(all[1], all[2])},
			{"below, of what is above", below, "ABOVE", wants(all[0])},
			{"below, of the bottom", below, "BOTTOM", wants(all[2])},
			{"the bottom, of all", bottom, "BELOW", wants(all[0], all[1])},
		} {
			until(t, x.what, func() bool { return slices.Equal(knows(t, x.g, x.name), x.want) })
		}
	}
	check()
	for _, c := range all {
		for _, s := range c.has {
			must(t, s.Unsubscribe())
		}
		c.has = nil
		must(t, c.nc.Flush())
	}
	check()
}

// TestInterestOfServer: the same with a nats-server below.
func TestInterestOfServer(t *testing.T) {
	above := startAbove(t, "", "no_advertise: true")
	cuts := newRelay(t, leafAddr(above))
	below := startBelow(t, "BELOW", "", fmt.Sprintf("{ url: \"nats-leaf://%s\" }", cuts.lis.Addr()))
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var all []*churner
	for i, url := range []string{siteURL(above), below.URL} {
		all = append(all, &churner{nc: connect(t, url), tag: "n", rand: rand.New(rand.NewPCG(seed, uint64(i)))})
	}
	for i := range 500 {
		all[i%2].change(t)
		if i%25 == 10 {
			awaitLeaves(t, above, 1)
			cuts.cut()
		}
	}
	for _, c := range all {
		must(t, c.nc.Flush())
	}
	check := func() {
		t.Helper()
		until(t, "we know what is wanted below", func() bool { return slices.Equal(knows(t, above, "BELOW"), wants(all[1])) })
		until(t, "below it is known what is wanted here", func() bool {
			var list []string
			for _, s := range hubInterest(t, below) {
				if strings.HasPrefix(s, "churn.") {
					list = append(list, s)
				}
			}
			slices.Sort(list)
			return slices.Equal(list, wants(all[0]))
		})
	}
	check()
	for _, c := range all {
		for _, s := range c.has {
			must(t, s.Unsubscribe())
		}
		c.has = nil
		must(t, c.nc.Flush())
	}
	check()
}
