package netlab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Options say what a lab has. The zero value is good.
type Options struct {
	IPv6 bool // IPv6 as well as IPv4; brings the kernel's own ICMPv6 with it
	// Quiet leaves the links without addresses, so that the kernel sends nothing
	// of its own, no answer and no ARP: what is on the link is what a Sender put
	// there.
	Quiet bool
}

// A Lab is two namespaces joined by a veth pair.
type Lab struct {
	Left, Right *Namespace
}

// A Namespace is a private network namespace with the loopback device and one
// end of the pair.
type Namespace struct {
	Link  string           // name of the veth end
	Index int              // its interface index
	MAC   net.HardwareAddr // its address
	IP4   netip.Addr       // 192.0.2.1 left, 192.0.2.2 right, both /24
	IP6   netip.Addr       // 2001:db8::1 left, 2001:db8::2 right, both /64

	file *os.File
}

// Open makes a lab. The error wraps [os.ErrPermission] where the caller lacks
// the privilege.
func Open(o Options) (*Lab, error) {
	left, err := newNamespace(o)
	if err != nil {
		return nil, err
	}
	right, err := newNamespace(o)
	if err != nil {
		left.close()
		return nil, err
	}
	lab := &Lab{Left: left, Right: right}
	left.Link, left.IP4, left.IP6 = "vleft", netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::1")
	right.Link, right.IP4, right.IP6 = "vright", netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("2001:db8::2")
	err = left.Do(func() error { return addVeth(left.Link, right.Link, int(right.file.Fd())) })
	for _, ns := range []*Namespace{left, right} {
		if err == nil {
			err = ns.Do(func() error { return ns.bringUp(o) })
		}
	}
	if err == nil {
		err = lab.Ready()
	}
	if err != nil {
		lab.Close()
		return nil, err
	}
	return lab, nil
}

// Close gives the namespaces up. They vanish with the last socket that was
// opened in them.
func (l *Lab) Close() error {
	return errors.Join(l.Left.close(), l.Right.close())
}

// New makes a lab that lives as long as the test; see the package's comment for
// when the test is skipped instead.
func New(tb TB) *Lab {
	tb.Helper()
	return NewWith(tb, Options{})
}

// NewWith is New with options.
func NewWith(tb TB, o Options) *Lab {
	tb.Helper()
	lab, err := Open(o)
	switch {
	case errors.Is(err, os.ErrPermission):
		Skip(tb, "no private network namespace: %v", err)
	case err != nil:
		tb.Fatalf("private network: %v", err)
	}
	tb.Cleanup(func() { lab.Close() })
	return lab
}

// newNamespace makes an empty namespace, with its loopback device down.
func newNamespace(o Options) (*Namespace, error) {
	ns := new(Namespace)
	err := onThrowawayThread(func() (err error) {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("unshare network namespace: %w", err)
		}
		if !o.IPv6 || o.Quiet {
			if err := disableIPv6(); err != nil {
				return err
			}
		}
		ns.file, err = os.Open(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		return err
	})
	if err != nil {
		return nil, err
	}
	return ns, nil
}

// onThrowawayThread runs f on a thread that ends with it, so that no other
// goroutine can find itself in the namespace that f leaves the thread in.
func onThrowawayThread(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			// The main thread cannot end, and /proc/self is its view. While this
			// goroutine sits on it, another one cannot.
			defer runtime.UnlockOSThread()
			done <- onThrowawayThread(f)
			return
		}
		done <- f() // never unlocked: the runtime ends the thread
	}()
	return <-done
}

// disableIPv6 acts on the calling thread's namespace. A kernel without IPv6 has
// nothing to disable.
func disableIPv6() error {
	for _, which := range []string{"all", "default"} {
		err := os.WriteFile("/proc/sys/net/ipv6/conf/"+which+"/disable_ipv6", []byte("1"), 0)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (ns *Namespace) close() error { return ns.file.Close() }

// Do runs f on a thread that is in the namespace. Sockets that f opens belong to
// it for good; goroutines that f starts do not run in it.
func (ns *Namespace) Do(f func() error) error {
	return onThrowawayThread(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter network namespace: %w", err)
		}
		return f()
	})
}

// bringUp runs inside the namespace.
func (ns *Namespace) bringUp(o Options) error {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	link, err := net.InterfaceByName(ns.Link)
	if err != nil {
		return err
	}
	ns.Index, ns.MAC = link.Index, link.HardwareAddr
	if !o.Quiet {
		if err := addAddr(ns.Index, netip.PrefixFrom(ns.IP4, 24)); err != nil {
			return err
		}
	}
	if o.IPv6 && !o.Quiet {
		if err := addAddr(ns.Index, netip.PrefixFrom(ns.IP6, 64)); err != nil {
			return err
		}
	}
	for _, index := range []int{lo.Index, ns.Index} {
		if err := setUp(index, true); err != nil {
			return fmt.Errorf("set link %d up: %w", index, err)
		}
	}
	return nil
}

// SetUp configures the veth end up or down. After up, see [Lab.Ready].
func (ns *Namespace) SetUp(up bool) error {
	return ns.Do(func() error { return setUp(ns.Index, up) })
}

// Delete removes the veth end, and with it the whole pair.
func (ns *Namespace) Delete() error {
	return ns.Do(func() error { return delLink(ns.Index) })
}

// File returns the open file that stands for the namespace; it is the lab's to
// close. A child process enters it with setns.
func (ns *Namespace) File() *os.File { return ns.file }
