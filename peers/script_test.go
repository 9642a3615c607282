package peers

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"leafgate/internal/peer"
)

// A script is what users say to a server, and what comes of it. Each line is "user verb ...":
//
//	ann sub SUBJECT [QUEUE]         subscribes; sub! is denied
//	ann pub SUBJECT [=REPLY] [TEXT] publishes; pub! is denied
//	ann ask SUBJECT [TEXT]          publishes with a reply to an inbox that it subscribes to; ask! is denied
//	ann answer [TEXT]               publishes to the reply of what it heard last; answer! is denied
//	ann got SUBJECT [TEXT]          hears that next; a|b is one of the two
//	ann reply PATTERN               what it heard last has such a reply, a regular expression; none: it has no reply
//	ann header PATTERN              what it heard last has such a header, in one line
//	ann nobody SUBJECT              hears next, by its inbox, that nobody is there for SUBJECT
//	ann none                        hears nothing more
//	ann refused PATTERN             does not get in, with that error
//
// Users connect when they first say something, with their name as password; "anyone" says neither, and "ann:2" is a second
// connection of ann's.
type script struct {
	name   string
	lines  []string
	theirs []string // what is said with the peer, where that differs
	reason string   // why it does, as it stands in auth/README.md
}

// users play scripts on one server.
type users struct {
	*testing.T
	server *peer.Server
	secret map[string]string // passwords, where they are not the name
	byName map[string]*speaker
}

// A speaker is one connection.
type speaker struct {
	conn  *nats.Conn
	heard chan *nats.Msg
	last  *nats.Msg
	subs  []*nats.Subscription
	inbox string
}

// play runs every script, each with connections of its own.
func play(t *testing.T, s *peer.Server, secret map[string]string, scripts []script) {
	for _, c := range scripts {
		t.Run(c.name, func(t *testing.T) {
			u := &users{t, s, secret, map[string]*speaker{}}
			lines := c.lines
			if s.Name == "nats-server" && c.theirs != nil {
				lines = c.theirs
			}
			u.play(lines...)
		})
	}
}

func (u *users) play(lines ...string) {
	u.Helper()
	for _, line := range lines {
		u.say(line)
	}
}

func (u *users) options(name string) []nats.Option {
	opts := []nats.Option{nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}), nats.NoReconnect(), nats.Name(name)}
	who, _, _ := strings.Cut(name, ":")
	if who == "anyone" {
		return opts
	}
	pass, ok := u.secret[who]
	if !ok {
		pass = who
	}
	return append(opts, nats.UserInfo(who, pass))
}

func (u *users) speaker(name string) *speaker {
	u.Helper()
	if s := u.byName[name]; s != nil {
		return s
	}
	nc := connect(u.T, u.server, u.options(name)...)
	s := &speaker{conn: nc, heard: make(chan *nats.Msg, 10_000), inbox: "_INBOX." + strings.ReplaceAll(name, ":", "-")}
	u.byName[name] = s
	u.Cleanup(s.leave)
	return s
}

// leave waits until the server knows that nobody listens here any more: the next script may depend on it.
func (s *speaker) leave() {
	for _, sub := range s.subs {
		_ = sub.Unsubscribe() // it may be closed already
	}
	_ = s.conn.FlushTimeout(patience)
}

// say plays one line.
func (u *users) say(line string) {
	u.Helper()
	name, rest, _ := strings.Cut(line, " ")
	verb, rest, _ := strings.Cut(rest, " ")
	if verb == "refused" {
		u.refused(line, name, rest)
		return
	}
	s := u.speaker(name)
	verb, denied := strings.CutSuffix(verb, "!")
	before := s.conn.LastError()
	if act := s.act(verb, rest); act != nil {
		must(u.T, act())
		must(u.T, s.conn.Flush())
		if err := s.conn.LastError(); (err != before) != denied || denied && !errors.Is(err, nats.ErrPermissionViolation) && !errors.Is(err, nats.ErrMaxSubscriptionsExceeded) {
			u.Errorf("%q: %v", line, err)
		}
		return
	}
	if err := s.check(u, verb, rest); err != nil {
		u.Fatalf("%q: %v", line, err)
	}
}

// act returns what a verb does; nil: it looks at what was heard.
func (s *speaker) act(verb, rest string) func() error {
	subject, text, _ := strings.Cut(rest, " ")
	switch verb {
	case "sub":
		return func() error { return s.subscribe(subject, text) }
	case "pub":
		reply := ""
		if strings.HasPrefix(text, "=") {
			reply, text, _ = strings.Cut(text[1:], " ")
		}
		return func() error { return s.conn.PublishMsg(&nats.Msg{Subject: subject, Reply: reply, Data: []byte(text)}) }
	case "ask":
		return func() error {
			inbox := s.inbox
			s.inbox += "x" // one for each question
			if err := s.subscribe(inbox, ""); err != nil {
				return err
			}
			return s.conn.PublishRequest(subject, inbox, []byte(text))
		}
	case "answer":
		return func() error { return s.conn.Publish(s.last.Reply, []byte(rest)) }
	}
	return nil
}

func (s *speaker) subscribe(subject, queue string) error {
	sub, err := s.conn.ChanQueueSubscribe(subject, queue, s.heard)
	if err == nil {
		s.subs = append(s.subs, sub)
	}
	return err
}

// check looks at what was heard.
func (s *speaker) check(u *users, verb, rest string) error {
	switch verb {
	case "got":
		return s.got(rest)
	case "nobody":
		if err := s.got(""); err != nil {
			return err
		}
		if h := s.last.Header; h.Get("Status") != "503" || h.Get("Nats-Subject") != rest {
			return fmt.Errorf("got %q %v %q", s.last.Subject, h, s.last.Data)
		}
		return nil
	case "reply":
		return matches(rest, s.last.Reply)
	case "header":
		return matches(rest, headerLine(s.last.Header))
	case "none":
		for _, other := range u.byName { // what they said has arrived everywhere
			must(u.T, other.conn.Flush())
		}
		must(u.T, s.conn.Flush())
		select {
		case m := <-s.heard:
			return fmt.Errorf("got %q %q", m.Subject, m.Data)
		default:
			return nil
		}
	}
	return errors.New("no such verb")
}

// got takes the next message, which is want; nothing: any.
func (s *speaker) got(want string) error {
	select {
	case s.last = <-s.heard:
	case <-time.After(patience):
		return errors.New("it did not come")
	}
	if want == "" {
		return nil
	}
	for _, c := range []string{"?", "."} { // what patterns and texts share
		want = strings.ReplaceAll(want, c, `\`+c)
	}
	return matches(want, strings.TrimSpace(s.last.Subject+" "+string(s.last.Data)))
}

func (u *users) refused(line, name, pattern string) {
	u.Helper()
	nc, err := nats.Connect(u.server.URL, u.options(name)...)
	if err == nil {
		nc.Close()
		u.Errorf("%q: it got in", line)
	} else if err := matches("(?i)"+pattern, err.Error()); err != nil {
		u.Errorf("%q: %v", line, err)
	}
}

func headerLine(h nats.Header) (line string) {
	for k, values := range h {
		for _, v := range values {
			line += k + ": " + v + "\n"
		}
	}
	return line
}

// matches wants the whole of text; no pattern wants nothing.
func matches(pattern, text string) error {
	if !regexp.MustCompile(`^(?s:` + pattern + `)$`).MatchString(strings.TrimSuffix(text, "\n")) {
		return fmt.Errorf("got %q", text)
	}
	return nil
}
