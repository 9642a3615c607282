package module

import "time"

// An Uplink is a link to another server, as /uplinkz shows it.
type Uplink struct {
	Name        string        `json:"name"`                  // as configured, or the other server's
	URL         string        `json:"url"`                   // without credentials
	Account     string        `json:"account"`               // whose subjects it carries
	Connected   bool          `json:"connected"`             // now
	State       string        `json:"state"`                 // in a word: connected, connecting, waiting, disabled
	Since       time.Time     `json:"since,omitzero"`        // when that began
	Retry       time.Time     `json:"next_retry,omitzero"`   // when the next attempt begins, while waiting
	RTT         time.Duration `json:"rtt"`                   // nanoseconds; 0: not known
	Attempts    int           `json:"attempts"`              // to connect, since it was last connected
	Error       string        `json:"last_error,omitempty"`  // of the last attempt, or why the link ended
	Compression string        `json:"compression,omitempty"` // of what is sent: off, or a level
	InMsgs      int64         `json:"in_msgs"`
	OutMsgs     int64         `json:"out_msgs"`
	InBytes     int64         `json:"in_bytes"`
	OutBytes    int64         `json:"out_bytes"`
	Pending     int64         `json:"pending_bytes"` // wait to be sent
	Dropped     int64         `json:"dropped_msgs"`  // not sent, or not taken: too large, too many, not allowed
}

// A PageError refuses a question about the gateway.
type PageError struct {
	Status int // of HTTP
	Text   string
}

func (e *PageError) Error() string { return e.Text }
