package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/nats-io/nkeys"
)

const nkeyUsage = `Usage: leafgate nkey [-type TYPE]
       leafgate nkey -inkey FILE

Makes a key pair and prints its seed, which is the secret, and below that the public key. TYPE is user (default), account,
operator, server or cluster. With -inkey it prints the public key of a seed or credentials file.
`

var nkeyTypes = map[string]nkeys.PrefixByte{
	"user": nkeys.PrefixByteUser, "account": nkeys.PrefixByteAccount, "operator": nkeys.PrefixByteOperator,
	"server": nkeys.PrefixByteServer, "cluster": nkeys.PrefixByteCluster,
}

// nkey is the command: a new key pair, or the public half of one that is there.
func nkey(args []string, c console) int {
	set := flag.NewFlagSet("nkey", flag.ContinueOnError)
	kind, file := set.String("type", "user", ""), set.String("inkey", "", "")
	if code, done := c.parse(set, args, nkeyUsage); done {
		return code
	}
	prefix, known := nkeyTypes[*kind]
	switch {
	case set.NArg() > 0:
		return c.fail(set, errors.New("takes no arguments"))
	case !known:
		names := strings.Join(slices.Sorted(maps.Keys(nkeyTypes)), ", ")
		return c.fail(set, fmt.Errorf("-type: unknown %q: want %s", *kind, names))
	}
	if *file != "" {
		return c.showPublic(*file)
	}
	pair, err := nkeys.CreatePair(prefix)
	if err != nil {
		return complain(c.err, exitRunTime, fmt.Errorf("create key: %w", err))
	}
	defer pair.Wipe()
	seed, err := pair.Seed()
	if err != nil {
		return complain(c.err, exitRunTime, fmt.Errorf("create key: %w", err))
	}
	fmt.Fprintln(c.out, string(seed))
	return c.printPublic(pair)
}

func (c console) showPublic(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return complain(c.err, exitConfig, fmt.Errorf("read key: %w", err))
	}
	pair, err := nkeys.FromSeed(bytes.TrimSpace(text))
	if err != nil {
		pair, err = nkeys.ParseDecoratedNKey(text)
	}
	if err != nil { // which may quote the file
		return complain(c.err, exitConfig, fmt.Errorf("read key: there is no seed in %s", file))
	}
	defer pair.Wipe()
	return c.printPublic(pair)
}

func (c console) printPublic(pair nkeys.KeyPair) int {
	public, err := pair.PublicKey()
	if err != nil {
		return complain(c.err, exitRunTime, fmt.Errorf("read key: %w", err))
	}
	fmt.Fprintln(c.out, public)
	return exitClean
}
