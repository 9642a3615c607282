package main

import (
	"errors"
	"os"
)

// caught are the signals that mean something.
func caught() []os.Signal { return []os.Signal{os.Interrupt} }

func meaning(os.Signal) request { return stop }

func sendSignal(string) error {
	return errors.New("flag --signal: not supported on Windows")
}
