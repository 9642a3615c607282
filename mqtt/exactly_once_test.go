package mqtt_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"leafgate/gateway"
	"leafgate/gateway/gatewaytest"
	"leafgate/mqtt/packet"
)

// A shaky client keeps its session while its connections end without a word, in the middle of packets too.
type shaky struct {
	*testing.T
	g       *gateway.Gateway
	rng     *rand.Rand
	version packet.Version
	id      string
	conn    *client // nil: not connected
	left    int     // bytes until the connection ends
	drops   int
}

// mostBytes is how much a connection carries, at most, before it ends.
const mostBytes = 300

// hello connects, if that is not the case, and says whether it has just done so.
func (c *shaky) hello(expect string) bool {
	if c.conn != nil {
		return false
	}
	conn, err := net.Dial("tcp", c.g.Addr("mqtt")[0].String())
	if err != nil {
		c.Error(err)
		return false
	}
	c.conn, c.left = &client{TB: c.T, Conn: conn, r: bufio.NewReader(conn)}, 60+c.rng.IntN(mostBytes)
	_ = conn.SetDeadline(time.Now().Add(4 * patience))
	if _, err = io.WriteString(conn, connect(c.version, c.id, stays(3600), receiveMaximum(5))); err != nil {
		c.Error(err)
	}
	if got, err := c.conn.read(); err != nil || got != expect {
		c.Errorf("%s: %s, %v", c.id, show(got, c.version), err)
	}
	return true
}

// write sends p, or the beginning of it, and then says good-bye to the connection.
func (c *shaky) write(p string) {
	if c.conn == nil {
		return
	}
	if c.left -= len(p); c.left > 0 {
		_, _ = io.WriteString(c.conn, p)
		return
	}
	_, _ = io.WriteString(c.conn, p[:c.rng.IntN(len(p)+1)])
	c.drop()
}

func (c *shaky) drop() {
	if c.conn != nil {
		c.conn.drop()
		c.conn = nil
		c.drops++
	}
}

// read answers the next packet; empty: the connection has ended.
func (c *shaky) read() string {
	if c.conn == nil {
		return ""
	}
	b, err := c.conn.read()
	if err != nil {
		c.Errorf("%s: %v", c.id, err)
		c.drop()
		return ""
	}
	if c.left -= len(b); c.left <= 0 {
		c.drop() // it has come, but that is all the same to who does not answer
	}
	return b
}

func idOf(b string) uint16 { return binary.BigEndian.Uint16([]byte(b[len(b)-remaining(b):])) }

// publishAll publishes n messages at QoS 2, several at a time, and begins again where it was after each end.
func (c *shaky) publishAll(n int, back string) {
	type flight struct {
		payload  string
		released bool
	}
	under := make(map[uint16]*flight)
	first, next := 1, 1 // ids, which are numbers of messages
	for first <= n && !c.Failed() {
		if c.hello(back) {
			for id := first; id < next; id++ {
				switch f := under[uint16(id)]; {
				case f == nil:
				case f.released:
					c.write(pubrel(uint16(id)))
				default:
					c.write(publish(c.version, "t", f.payload, 2, uint16(id), dup))
				}
			}
		}
		for ; next <= n && next < first+4; next++ {
			under[uint16(next)] = &flight{payload: fmt.Sprint(next)}
			c.write(publish(c.version, "t", fmt.Sprint(next), 2, uint16(next)))
		}
		b := c.read()
		if c.conn == nil {
			continue
		}
		switch id := idOf(b); packet.Type(b[0] >> 4) {
		case packet.PUBREC:
			under[id].released = true
			c.write(pubrel(id))
		case packet.PUBCOMP:
			delete(under, id)
			for first < next && under[uint16(first)] == nil {
				first++
			}
		default:
			c.Errorf("publisher got %s", show(b, c.version))
		}
	}
}

// takeAll takes n messages at QoS 2, each exactly once and in order.
func (c *shaky) takeAll(n int, back string) {
	taken := make(map[uint16]bool)
	for got, open := 0, n; open > 0 && !c.Failed(); {
		c.hello(back)
		b := c.read()
		if c.conn == nil {
			continue
		}
		switch packet.Type(b[0] >> 4) {
		case packet.PUBLISH:
			p, err := parsePublish(b, c.version)
			if err != nil || p.QoS != 2 {
				c.Errorf("subscriber got %s, %v", show(b, c.version), err)
				return
			}
			if !taken[p.ID] {
				taken[p.ID] = true
				if got++; string(p.Payload) != fmt.Sprint(got) {
					c.Errorf("got message %s, want %d", p.Payload, got)
				}
			} else if !p.Dup {
				c.Errorf("message %s again, without DUP", p.Payload)
			}
			c.write(pubrec(p.ID))
		case packet.PUBREL:
			if id := idOf(b); taken[id] {
				delete(taken, id)
				open--
			}
			c.write(pubcomp(idOf(b)))
		default:
			c.Errorf("subscriber got %s", show(b, c.version))
		}
	}
}

// QoS 2 in both directions over connections that end all the time: every message arrives once, in order.
func TestExactlyOnce(t *testing.T) {
	const n = 400
	for _, v := range []packet.Version{v311, v5} {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%v, seed %d", v, seed), func(t *testing.T) {
				t.Parallel()
				g := gatewaytest.Start(t, conf(""))
				client := func(id string, stream uint64) *shaky {
					return &shaky{T: t, g: g, rng: rand.New(rand.NewPCG(seed, stream)), version: v, id: id}
				}
				s, p := client("s", 1), client("p", 2)
				first, back := connack(v, false), connack(v, true)
				p.hello(first)
				p.drop()
				s.hello(first)
				s.left = mostBytes
				s.write(subscribe(v, 1, "t", 2))
				s.conn.expect(suback(v, 1, 2))
				var wg sync.WaitGroup
				wg.Go(func() { p.publishAll(n, back) })
				wg.Go(func() { s.takeAll(n, back) })
				wg.Wait()
				t.Logf("%d and %d connections", p.drops, s.drops)
				if p.drops < 10 || s.drops < 10 {
					t.Error("connections ended too seldom to prove anything")
				}
			})
		}
	}
}
