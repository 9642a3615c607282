package main

import (
	"context"

	"leafgate/internal/peer"
)

// buildPeer answers nats-server as internal/tools pins it.
func buildPeer(ctx context.Context, _ string) (string, error) { return peer.Binary(ctx, "nats-server") }
