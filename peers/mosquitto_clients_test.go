//go:build peers

package peers

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"leafgate/internal/peer"
)

// A mosquitto is the command line clients of one version of the protocol, on one server.
type mosquitto struct {
	*testing.T
	s       *peer.Server
	version string
}

// withMosquitto runs a test in each version that mosquitto_pub and mosquitto_sub speak.
func withMosquitto(t *testing.T, test func(m mosquitto)) {
	t.Helper()
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		for _, version := range []string{"mqttv31", "mqttv311", "mqttv5"} {
			t.Run(version, func(t *testing.T) { test(mosquitto{t, s, version}) })
		}
	})
}

// command is one that prints a line as soon as it has it.
func (m mosquitto) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	m.Helper()
	for _, needed := range []string{name, "stdbuf"} {
		if _, err := exec.LookPath(needed); err != nil {
			m.Fatalf("%v: make peers-setup", err)
		}
	}
	host, port, err := net.SplitHostPort(m.s.MQTT)
	must(m.T, err)
	return exec.CommandContext(ctx, "stdbuf", append([]string{"-oL", name, "-h", host, "-p", port, "-V", m.version}, args...)...)
}

// pub runs mosquitto_pub to its end.
func (m mosquitto) pub(args ...string) {
	m.Helper()
	ctx, cancel := context.WithTimeout(m.Context(), patience)
	defer cancel()
	if out, err := m.command(ctx, "mosquitto_pub", args...).CombinedOutput(); err != nil || len(out) > 0 {
		m.Fatalf("mosquitto_pub %.200q: %v, %s", args, err, out)
	}
}

// A tap is mosquitto_sub while it runs.
type tap struct {
	mosquitto
	cmd   *exec.Cmd
	lines chan string // of its messages: topic, QoS, retain, payload
	ready chan struct{}

	reading sync.WaitGroup
}

// sub returns when mosquitto_sub has subscribed.
func (m mosquitto) sub(args ...string) *tap {
	m.Helper()
	return m.subFormat("%t|%q|%r|%p", args...)
}

func (m mosquitto) subFormat(format string, args ...string) *tap {
	m.Helper()
	const mark = "MESSAGE "
	x := &tap{mosquitto: m, lines: make(chan string, 10_000), ready: make(chan struct{})}
	x.cmd = m.command(m.Context(), "mosquitto_sub", append([]string{"-d", "-F", mark + format}, args...)...)
	out, err := x.cmd.StdoutPipe()
	must(m.T, err)
	must(m.T, x.cmd.Start())
	x.reading.Go(func() {
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 4<<20)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), mark); ok {
				x.lines <- text
			} else if strings.HasPrefix(lines.Text(), "Subscribed") {
				close(x.ready)
			}
		}
	})
	m.Cleanup(x.kill)
	await(m.T, "SUBACK of mosquitto_sub", x.ready)
	return x
}

func (x *tap) want(lines ...string) {
	x.Helper()
	for _, want := range lines {
		if got := await(x.T, fmt.Sprintf("%.100q", want), x.lines); got != want {
			x.Fatalf("got %.200q, want %.200q", got, want)
		}
	}
}

// kill ends the process as a power cut would: no DISCONNECT.
func (x *tap) kill() {
	if x.cmd.ProcessState == nil {
		_ = x.cmd.Process.Kill()
		x.reading.Wait()
		_ = x.cmd.Wait()
	}
}

func TestMosquittoQoS(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		for granted := range 3 {
			sub := m.sub("-q", fmt.Sprint(granted), "-t", "q/+")
			for qos := range 3 {
				m.pub("-q", fmt.Sprint(qos), "-t", "q/1", "-m", "hello")
				sub.want(fmt.Sprintf("q/1|%d|0|hello", min(qos, granted)))
			}
			sub.kill()
		}
	})
}

func TestMosquittoTopics(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		sub := m.sub("-q", "1", "-t", "#", "-t", "$test/#")
		for _, x := range topics {
			m.pub("-q", "1", "-t", x.topic, "-m", "x")
			sub.want(x.topic + "|1|0|x")
		}
	})
}

func TestMosquittoRetained(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		topic := m.version + "/kept"
		m.pub("-q", "1", "-r", "-t", topic, "-m", "first")
		m.pub("-q", "2", "-r", "-t", topic, "-m", "second")
		m.sub("-q", "2", "-t", m.version+"/#").want(topic + "|2|1|second")
		m.pub("-q", "1", "-r", "-n", "-t", topic)
		sub := m.sub("-q", "1", "-t", m.version+"/+")
		m.pub("-q", "1", "-t", topic, "-m", "live")
		sub.want(topic + "|1|0|live")
	})
}

func TestMosquittoWill(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		topic := m.version + "/status"
		watcher := m.sub("-q", "1", "-t", topic)
		m.sub("-t", "x", "--will-topic", topic, "--will-payload", "offline", "--will-qos", "1", "--will-retain").kill()
		watcher.want(topic + "|1|0|offline")
		m.sub("-q", "1", "-t", topic).want(topic + "|1|1|offline")
	})
}

func TestMosquittoPersistentSession(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		topic := m.version + "/session"
		me := []string{"-i", "sleeper" + m.version, "-c", "-q", "2", "-t", topic}
		if m.version == "mqttv5" {
			me = append(me, "-x", "600")
		}
		m.sub(me...).kill()
		m.pub("-t", topic, "-q", "0", "-m", "not kept")
		var lines []string
		for i := range 10 {
			m.pub("-t", topic, "-q", fmt.Sprint(1+i/5), "-m", fmt.Sprint(i)) // at QoS 2 the client shows them later
			lines = append(lines, fmt.Sprintf("%s|%d|0|%d", topic, 1+i/5, i))
		}
		m.sub(me...).want(lines...)
	})
}

func TestMosquittoSharedSubscription(t *testing.T) {
	const messages = 60
	withMosquitto(t, func(m mosquitto) {
		topic := m.version + "/work"
		var members []*tap
		for range 3 {
			members = append(members, m.sub("-q", "1", "-t", "$share/crew/"+topic+"/#"))
		}
		everything := m.sub("-q", "1", "-t", topic+"/#")
		ctx, cancel := context.WithTimeout(m.Context(), patience)
		defer cancel()
		pub := m.command(ctx, "mosquitto_pub", "-q", "1", "-t", topic+"/x", "-l") // a message a line
		var input strings.Builder
		var sent, got []string
		for i := range messages {
			fmt.Fprintln(&input, i)
			sent = append(sent, fmt.Sprintf("%s/x|1|0|%d", topic, i))
		}
		pub.Stdin = strings.NewReader(input.String())
		must(m.T, pub.Run())
		everything.want(sent...)
		for range messages {
			select {
			case line := <-members[0].lines:
				got = append(got, line)
			case line := <-members[1].lines:
				got = append(got, line)
			case line := <-members[2].lines:
				got = append(got, line)
			case <-timeout():
				m.Fatalf("%d of %d messages", len(got), messages)
			}
		}
		slices.Sort(got)
		slices.Sort(sent)
		if !slices.Equal(got, sent) {
			m.Errorf("got %q", got)
		}
	})
}

func TestMosquittoLargePayload(t *testing.T) {
	withMosquitto(t, func(m mosquitto) {
		payload := strings.Repeat("0123456789abcdef", 1<<16)
		sub := m.sub("-q", "1", "-t", "large")
		ctx, cancel := context.WithTimeout(m.Context(), patience)
		defer cancel()
		pub := m.command(ctx, "mosquitto_pub", "-q", "1", "-t", "large", "-s")
		pub.Stdin = strings.NewReader(payload)
		must(m.T, pub.Run())
		sub.want("large|1|0|" + payload)
	})
}

func TestMosquittoProperties(t *testing.T) {
	onEachBroker(t, brokerConfig{}, func(t *testing.T, s *peer.Server) {
		m := mosquitto{t, s, "mqttv5"}
		sub := m.subFormat("%C|%D|%F|%P|%R|%S|%p", "-q", "1", "-t", "p", "-D", "subscribe", "subscription-identifier", "77")
		m.pub("-q", "1", "-t", "p", "-m", "x", "-D", "publish", "content-type", "text/plain", "-D", "publish", "response-topic", "answers/7 a",
			"-D", "publish", "correlation-data", "c-1", "-D", "publish", "payload-format-indicator", "1",
			"-D", "publish", "user-property", "b", "2", "-D", "publish", "user-property", "a", "1", "-D", "publish", "user-property", "b", "1",
			"-D", "publish", "topic-alias", "3")
		sub.want("text/plain|c-1|1|b:2 a:1 b:1|answers/7 a|77|x")
	})
}
