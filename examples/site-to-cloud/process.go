package main

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// build gets the programs that nobody has named.
func build(ctx context.Context, dir string) error {
	if *leafgate == "" {
		*leafgate = filepath.Join(dir, "leafgate")
		if out, err := exec.CommandContext(ctx, "go", "build", "-o", *leafgate, "./cmd/leafgate").CombinedOutput(); err != nil {
			return fmt.Errorf("build leafgate, from the top of the checkout: %w: %s", err, out)
		}
	}
	if *natsServer == "" {
		cmd := exec.CommandContext(ctx, "go", "tool", "-n", "nats-server")
		cmd.Dir = filepath.Join("internal", "tools")
		out, err := cmd.Output()
		if err != nil {
			return fmt.Errorf("build nats-server: %w", err)
		}
		*natsServer = strings.TrimSpace(string(out))
	}
	return nil
}

// start runs a program with one of our configurations until ctx ends. env are names and values, most of them addresses.
func (l *landscape) start(ctx context.Context, program, conf, name string, env ...string) error {
	folder := filepath.Join(l.dir, name)
	text, err := confs.ReadFile(conf)
	if err == nil {
		err = os.MkdirAll(folder, 0o700)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, conf), text, 0o600)
	}
	if err != nil {
		return err
	}
	output, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return err
	}
	defer output.Close() // the program has it by then
	cmd := exec.CommandContext(ctx, program, "-c", filepath.Join(folder, conf))
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), "NAME="+name, "FOLDER="+quoted(folder)), output, output
	cmd.Cancel, cmd.WaitDelay = func() error { return cmd.Process.Signal(os.Interrupt) }, 10*time.Second
	said := ""
	for i := 0; i < len(env); i += 2 {
		cmd.Env = append(cmd.Env, env[i]+"="+quoted(env[i+1]))
		if _, _, err := net.SplitHostPort(env[i+1]); err == nil {
			said += " " + strings.ToLower(env[i]) + " " + env[i+1]
		}
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	log.Printf("%s is process %d:%s", name, cmd.Process.Pid, said)
	l.running.Go(func() {
		if err := cmd.Wait(); ctx.Err() == nil {
			log.Printf("%s has ended: %v, see %s", name, err, output.Name())
		}
	})
	return nil
}

// quoted is a value as a configuration takes it from the environment: lists stand as they are.
func quoted(value string) string {
	if strings.HasPrefix(value, "[") {
		return value
	}
	return fmt.Sprintf("%q", value)
}

// list is an array of URLs, as a configuration takes it.
func list(scheme string, addrs []string) string {
	var urls []string
	for _, addr := range addrs {
		urls = append(urls, quoted(scheme+addr))
	}
	return "[ " + strings.Join(urls, ", ") + " ]"
}

// candidate is the port tried last for -free: below those that systems give to clients.
var candidate = 10_000 + rand.IntN(15_000)

// ports are n addresses, from port first on, or free ones.
func ports(first, n int) (addrs []string) {
	for i := range n {
		at := fmt.Sprintf("127.0.0.1:%d", first+i)
		for *free {
			candidate++
			at = fmt.Sprintf("127.0.0.1:%d", candidate)
			if l, err := net.Listen("tcp", at); err == nil {
				_ = l.Close()
				break
			}
		}
		addrs = append(addrs, at)
	}
	return addrs
}
