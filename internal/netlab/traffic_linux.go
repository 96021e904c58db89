package netlab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// patience bounds every exchange: a test that waits longer has failed.
const patience = 10 * time.Second

// TCP opens a connection from the left to port of the right, sends n bytes there
// and n bytes back, and closes it. network is "tcp4" or "tcp6".
func (l *Lab) TCP(network string, port uint16, n int) error {
	var ln net.Listener
	err := l.Right.Do(func() (err error) {
		ln, err = net.Listen(network, l.Right.hostPort(network, port))
		return err
	})
	if err != nil {
		return err
	}
	defer ln.Close()
	served := make(chan error, 1)
	go func() { served <- echo(ln, n) }()

	var conn net.Conn
	err = l.Left.Do(func() (err error) {
		conn, err = net.DialTimeout(network, l.Right.hostPort(network, port), patience)
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	written := make(chan error, 1)
	go func() {
		_, err := conn.Write(make([]byte, n))
		written <- err
	}()
	if _, err := io.CopyN(io.Discard, conn, int64(n)); err != nil {
		return err
	}
	if err := <-written; err != nil {
		return err
	}
	conn.Close()
	return <-served
}

// echo accepts one connection and sends back the n bytes that it reads.
func echo(ln net.Listener, n int) error {
	conn, err := ln.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	_, err = io.CopyN(conn, conn, int64(n))
	// Read on to the peer's end of file: the connection then closes in order.
	if _, end := conn.Read(make([]byte, 1)); err == nil && !errors.Is(end, io.EOF) {
		err = end
	}
	return err
}

// UDP sends a datagram of n bytes from the left to port of the right, and one
// back. network is "udp4" or "udp6".
func (l *Lab) UDP(network string, port uint16, n int) error {
	var server net.PacketConn
	err := l.Right.Do(func() (err error) {
		server, err = net.ListenPacket(network, l.Right.hostPort(network, port))
		return err
	})
	if err != nil {
		return err
	}
	defer server.Close()
	var conn net.Conn
	err = l.Left.Do(func() (err error) {
		conn, err = net.Dial(network, l.Right.hostPort(network, port))
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	deadline := time.Now().Add(patience)
	conn.SetDeadline(deadline)
	server.SetDeadline(deadline)
	if _, err := conn.Write(make([]byte, n)); err != nil {
		return err
	}
	buf := make([]byte, n+1)
	_, from, err := server.ReadFrom(buf)
	if err != nil {
		return err
	}
	if _, err := server.WriteTo(buf[:n], from); err != nil {
		return err
	}
	_, err = conn.Read(buf)
	return err
}

// Ping sends one echo request from the left to the right and waits for the
// reply. network is "ip4" or "ip6".
func (l *Lab) Ping(network string) error {
	proto, request, reply := "icmp", byte(8), byte(0) // RFC 792
	if network == "ip6" {
		proto, request, reply = "ipv6-icmp", 128, 129 // RFC 4443
	}
	addr := l.Right.addr(network)
	var conn net.Conn
	err := l.Left.Do(func() (err error) {
		conn, err = net.Dial(network+":"+proto, addr.String())
		return err
	})
	if err != nil {
		return err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	echo := make([]byte, 8+32)
	echo[0] = request
	binary.BigEndian.PutUint16(echo[4:], 0x6766) // identifier
	if network == "ip4" {
		binary.BigEndian.PutUint16(echo[2:], ^sum(0, echo)) // the kernel does it for ICMPv6
	}
	if _, err := conn.Write(echo); err != nil {
		return err
	}
	buf := make([]byte, 256)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return err
		}
		msg := buf[:n]
		if network == "ip4" && n >= 20 {
			msg = msg[4*int(msg[0]&15):] // a raw IPv4 socket delivers the IP header too
		}
		if len(msg) >= 8 && msg[0] == reply && binary.BigEndian.Uint16(msg[4:]) == 0x6766 {
			return nil
		}
	}
}

// addr returns the address of the namespace for a network whose name ends in 4
// or 6.
func (ns *Namespace) addr(network string) netip.Addr {
	switch network[len(network)-1] {
	case '4':
		return ns.IP4
	case '6':
		return ns.IP6
	}
	panic(fmt.Sprintf("netlab: network %q", network))
}

func (ns *Namespace) hostPort(network string, port uint16) string {
	return net.JoinHostPort(ns.addr(network).String(), strconv.Itoa(int(port)))
}
