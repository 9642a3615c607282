package core

import "unique"

// Relays that have ways of their own to each other are on one side: what comes from one of them, interest or messages, goes
// to no other. All Upstream relays are on one, and those of each Cluster.

// A side tells one from another.
type side struct {
	upstream bool
	cluster  string
}

// sideOf is a side that can be compared quickly.
type sideOf = unique.Handle[side]

// alone is no side at all.
var alone sideOf

func (p *Peer) side() sideOf {
	switch {
	case p.Relay && p.Upstream:
		return unique.Make(side{upstream: true})
	case p.Relay && p.Cluster != "":
		return unique.Make(side{cluster: p.Cluster})
	}
	return alone
}

// hushes says whether the others on ep's side do not hear of a subscription of its own. A beacon has to come back to whoever
// has built a loop, by whatever way but the one within a cluster.
func (ep *Endpoint) hushes(beacon bool) bool {
	return ep.role.side != alone && !(beacon && ep.role.side.Value().upstream)
}
