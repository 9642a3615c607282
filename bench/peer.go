package main

import (
	"context"
	"errors"
)

func buildPeer(context.Context, string) (string, error) { return "", errors.New("use -bin") }
