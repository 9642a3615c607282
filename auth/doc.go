// Package auth decides who a peer is and what it may do.
//
// An [Authority] reads `authorization {}` and `no_auth_user` from a configuration and answers with [Rules]: one set for
// the gateway, and one for every listener that has its own. Rules never change. After a reload a listener asks for its
// Rules again, and [Rules.Valid] says which of its peers may stay.
package auth
