package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

const whyUsage = `Usage: leafgate why [-s URL] [-n N] CLIENT

Asks the monitoring port of a running gateway what happened lately to a client, the last first. CLIENT is its name or MQTT client
identifier, its user, its address, or the id of a connection.

  -s URL   where monitoring is (default $LEAFGATE_MONITOR, else http://127.0.0.1:8222), with user:password@ where it needs them
  -n N     so many events at most (default 20)
`

const (
	defaultMonitor = "http://127.0.0.1:8222"
	mostAnswer     = 16 << 20
)

// An event is what /eventz says of one.
type event struct {
	Time    time.Time `json:"time"`
	Event   string    `json:"event"`
	Reason  string    `json:"reason"`
	Means   string    `json:"means"`
	Count   int       `json:"count"`
	CID     uint64    `json:"cid"`
	Type    string    `json:"type"`
	Client  string    `json:"client"`
	User    string    `json:"user"`
	Address string    `json:"address"`
	Detail  string    `json:"detail"`
}

// why is the command: a client in, what happened to it out.
func why(args []string, c console) int {
	set := flag.NewFlagSet("why", flag.ContinueOnError)
	server := set.String("s", cmp.Or(os.Getenv("LEAFGATE_MONITOR"), defaultMonitor), "")
	most := set.Int("n", 20, "")
	if code, done := c.parse(set, args, whyUsage); done {
		return code
	}
	switch {
	case set.NArg() != 1 || set.Arg(0) == "":
		return c.fail(set, errors.New("want the name of one client"))
	case *most < 1:
		return c.fail(set, fmt.Errorf("-n: want 1 at least, got %d", *most))
	}
	events, err := askEvents(*server, set.Arg(0), *most)
	if err != nil {
		return complain(c.err, exitRunTime, fmt.Errorf("ask the gateway: %w", err))
	}
	if len(events) == 0 {
		fmt.Fprintf(c.err, "leafgate: nothing happened lately to %s\n", printable(set.Arg(0)))
		return exitClean
	}
	c.tell(events)
	return exitClean
}

// askEvents fetches /eventz. Errors do not show the password in server.
func askEvents(server, client string, most int) ([]event, error) {
	at, err := url.Parse(server)
	if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" {
		return nil, errors.New("the URL of monitoring is not one: want http://host:port")
	}
	at = at.JoinPath("eventz")
	at.RawQuery = url.Values{"client": {client}, "limit": {strconv.Itoa(most)}}.Encode()
	res, err := (&http.Client{Timeout: 10 * time.Second}).Get(at.String())
	if err != nil {
		return nil, err // net/http leaves the password out
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, mostAnswer))
	switch {
	case err != nil:
		return nil, err
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("%s answers %s", at.Redacted(), res.Status)
	}
	var page struct {
		Events []event `json:"events"`
	}
	if err := json.Unmarshal(body, &page); err != nil {
		return nil, fmt.Errorf("%s is not a gateway's monitoring: %w", at.Redacted(), err)
	}
	return page.Events, nil
}

// tell prints events. What clients call themselves must not do anything to a terminal.
func (c console) tell(events []event) {
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	for _, e := range events {
		times := ""
		if e.Count > 1 {
			times = fmt.Sprintf(" (%d times)", e.Count)
		}
		fmt.Fprintf(w, "%s\t%s%s\t%s\t%s\n", e.Time.Local().Format(time.DateTime), e.Event, times, printable(e.Reason), who(&e))
		fmt.Fprintf(w, "\t\t%s\t%s\n", printable(e.Means), printable(e.Detail))
	}
	_ = w.Flush()
}

// who says which connection e is about.
func who(e *event) string {
	parts := []string{fmt.Sprintf("%s %d", cmp.Or(e.Type, "connection"), e.CID)}
	for _, p := range []struct{ name, value string }{{"client", e.Client}, {"user", e.User}, {"from", e.Address}} {
		if p.value != "" {
			parts = append(parts, p.name+" "+printable(p.value))
		}
	}
	return strings.Join(parts, ", ")
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, s)
}
