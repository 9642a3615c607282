package main

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// errAgain says that a socket can take or give nothing now.
var errAgain error = unix.EAGAIN

// Sockets are used raw and non-blocking: Go's poller would wake a second thread for each message and count as ours.
// RawSyscall is right for calls that cannot block.

// openSocket connects to addr. The socket blocks, for at most wait per call, until setBlocking(fd, false).
func openSocket(addr netip.AddrPort, wait time.Duration) (int, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open socket: %w", err)
	}
	tv := unix.NsecToTimeval(int64(wait))
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &tv))
	if err == nil {
		err = connect(fd, &unix.SockaddrInet4{Port: int(addr.Port()), Addr: addr.Addr().As4()}, wait)
	}
	if err != nil {
		unix.Close(fd)
		return -1, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return fd, nil
}

// connect survives signals: a call that one broke goes on in the kernel, and asking again would be an error.
func connect(fd int, to unix.Sockaddr, wait time.Duration) error {
	err := unix.Connect(fd, to)
	if err != unix.EINTR {
		return err
	}
	ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	for n := 0; err == unix.EINTR; {
		if n, err = unix.Poll(ready, int(wait.Milliseconds())); err == nil && n == 0 {
			return unix.ETIMEDOUT
		}
	}
	if err != nil {
		return err
	}
	e, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && e != 0 {
		err = syscall.Errno(e)
	}
	return err
}

func closeSocket(fd int) { unix.Close(fd) }

func setBlocking(fd int, on bool) error { return unix.SetNonblock(fd, !on) }

// send writes what the kernel takes of b. errAgain: nothing.
func send(fd int, b []byte) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_NOSIGNAL, 0, 0))
}

// receive reads into b. 0 without an error is the end of the stream.
func receive(fd int, b []byte) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), 0, 0, 0))
}

// discard takes up to len(b) bytes off the stream without copying them: b is only an address range.
func discard(fd int, b []byte) (int, error) {
	return result(unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0))
}

// sendBlocking and receiveBlocking are for blocking sockets: other goroutines go on meanwhile. errAgain: it took too long.
func sendBlocking(fd int, b []byte) (int, error)    { return uninterrupted(unix.Write, fd, b) }
func receiveBlocking(fd int, b []byte) (int, error) { return uninterrupted(unix.Read, fd, b) }

// uninterrupted repeats what a signal broke: the runtime sends them to its own threads, to preempt.
func uninterrupted(call func(int, []byte) (int, error), fd int, b []byte) (n int, err error) {
	for err = unix.EINTR; err == unix.EINTR; {
		n, err = call(fd, b)
	}
	return n, err
}

func result(n, _ uintptr, e syscall.Errno) (int, error) {
	if e == unix.EINTR {
		e = unix.EAGAIN
	}
	if e != 0 {
		return 0, e
	}
	return int(n), nil
}

// A poller waits for many sockets at once; sockets are known by slots.
type poller struct {
	fd     int
	events []unix.EpollEvent
}

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll: %w", err)
	}
	return &poller{fd: fd, events: make([]unix.EpollEvent, 512)}, nil
}

// watchRead reports slot as long as fd has something to read.
func (p *poller) watchRead(fd, slot int) error { return p.watch(fd, slot, unix.EPOLLIN) }

// watchWrite reports slot each time fd becomes writable again.
func (p *poller) watchWrite(fd, slot int) error {
	return p.watch(fd, slot, unix.EPOLLOUT|unix.EPOLLET)
}

// watchBoth reports slot each time fd has something new to read or becomes writable again.
func (p *poller) watchBoth(fd, slot int) error {
	return p.watch(fd, slot, unix.EPOLLIN|unix.EPOLLOUT|unix.EPOLLET)
}

func (p *poller) watch(fd, slot int, events uint32) error {
	ev := unix.EpollEvent{Events: events, Fd: int32(slot)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, fd, &ev); err != nil {
		return fmt.Errorf("watch socket: %w", err)
	}
	return nil
}

// wait returns the number of ready slots, after at most ms milliseconds.
func (p *poller) wait(ms int) (int, error) {
	call := unix.Syscall6
	if ms == 0 {
		call = unix.RawSyscall6
	}
	n, err := result(call(unix.SYS_EPOLL_PWAIT, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(p.events))),
		uintptr(len(p.events)), uintptr(ms), 0, 0))
	if err == errAgain {
		return 0, nil
	}
	return n, err
}

func (p *poller) slot(i int) int { return int(p.events[i].Fd) }
func (p *poller) close()         { unix.Close(p.fd) }
