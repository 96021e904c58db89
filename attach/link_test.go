//go:build linux

package attach

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter"
	"github.com/gofilter/gofilter/ebpfgen"
	"github.com/gofilter/gofilter/internal/netlab"
	"github.com/gofilter/gofilter/linktype"
)

// childEnv makes the test binary a program that attaches one filter and waits to be
// killed. Its value is the name of a place, a space, and the filter.
const childEnv = "GOFILTER_ATTACH_CHILD"

// sendWork is the value of childEnv for a program that sends one datagram to port 9.
const sendWork = "send"

func send() error {
	c, err := net.Dial("udp4", "127.0.0.1:9")
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = c.Write([]byte("datagram"))
	return err
}

// netnsFD is the child's descriptor of the network namespace to work in.
const netnsFD = 3

func TestMain(m *testing.M) {
	if way := os.Getenv(wayEnv); way != "" {
		takeWay(way)
		os.Exit(0)
	}
	if work := os.Getenv(childEnv); work != "" {
		run := child
		if work == sendWork {
			run = func(string) error { return send() }
		}
		if err := run(work); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A place is where a filter can be attached on the way from the left to the right.
type place struct {
	name    string
	via     string
	left    bool // on the left's interface, else on the right's
	target  ebpfgen.Target
	typ     ebpf.ProgramType
	verdict *ebpfgen.Verdict
	link    linktype.Type
	attach  func(ifindex int, p *ebpf.Program) (*Link, error)
}

// testGroup is a control group to attach to, where a test has made one.
var testGroup = os.Getenv("GOFILTER_ATTACH_GROUP")

var places = []place{
	{"tc-ingress", "tcx", false, ebpfgen.SchedCLS, ebpf.SchedCLS, &ebpfgen.TCNext, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return TC(i, Ingress, p)
	}},
	{"tc-egress", "tcx", true, ebpfgen.SchedCLS, ebpf.SchedCLS, &ebpfgen.TCNext, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return TC(i, Egress, p)
	}},
	{"clsact-ingress", "clsact", false, ebpfgen.SchedCLS, ebpf.SchedCLS, &ebpfgen.TCNext, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return clsact(i, Ingress, p, false)
	}},
	{"clsact-egress", "clsact", true, ebpfgen.SchedCLS, ebpf.SchedCLS, &ebpfgen.TCNext, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return clsact(i, Egress, p, false)
	}},
	{"xdp-generic", "xdp generic", false, ebpfgen.XDP, ebpf.XDP, nil, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return XDP(i, p, XDPGeneric)
	}},
	{"xdp-native", "xdp native", false, ebpfgen.XDP, ebpf.XDP, nil, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return XDP(i, p, XDPNative)
	}},
	{"xdp-auto", "xdp native", false, ebpfgen.XDP, ebpf.XDP, nil, linktype.Ethernet, func(i int, p *ebpf.Program) (*Link, error) {
		return XDP(i, p, XDPAuto)
	}},
	{"cgroup", "cgroup", false, ebpfgen.CgroupSKB, ebpf.CGroupSKB, nil, linktype.Raw, func(_ int, p *ebpf.Program) (*Link, error) {
		return Cgroup(testGroup, Egress, p)
	}},
}

// program loads a filter for the place.
func (p *place) program(filter string) (*ebpf.Program, error) {
	f, err := gofilter.Compile(filter, gofilter.Config{LinkType: p.link, View: p.target.View()})
	if err != nil {
		return nil, err
	}
	insns, err := ebpfgen.Generate(f.IR(), p.target, ebpfgen.Options{Verdict: p.verdict})
	if err != nil {
		return nil, err
	}
	return LoadFlags(insns, p.typ, p.target.Flags())
}

// in attaches a filter in a lab.
func (p *place) in(t *testing.T, lab *netlab.Lab, filter string) (*Link, error) {
	t.Helper()
	prog, err := p.program(filter)
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close() // the link keeps it
	ns := lab.Right
	if p.left {
		ns = lab.Left
	}
	var l *Link
	err = ns.Do(func() (err error) {
		l, err = p.attach(ns.Index, prog)
		return err
	})
	if err == nil {
		t.Cleanup(func() { l.Close() })
	}
	return l, err
}

// must is in for a filter that can be attached, where the kernel has the means.
func (p *place) must(t *testing.T, lab *netlab.Lab, filter string) *Link {
	t.Helper()
	l, err := p.in(t, lab, filter)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, unix.ENOENT) && p.via == "clsact" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	if l.Via != p.via && (l.Via != "clsact" || p.via != "tcx") || l.Lasts != (l.Via == "clsact") {
		t.Errorf("attached by %s, lasts %v", l.Via, l.Lasts)
	}
	return l
}

// ports are what traffic sends to; open is never blocked.
const (
	openPort    = 7
	blockedPort = 9
	otherPort   = 13
)

// traffic sends a datagram to each port from the left to the right, and returns
// which arrive. openPort is sent to until it arrives, last.
func traffic(t *testing.T, lab *netlab.Lab) map[int]bool {
	t.Helper()
	arrived := make(map[int]bool)
	servers := make(map[int]net.PacketConn)
	err := lab.Right.Do(func() error {
		for _, port := range []int{blockedPort, otherPort, openPort} {
			c, err := net.ListenPacket("udp4", netip.AddrPortFrom(lab.Right.IP4, uint16(port)).String())
			if err != nil {
				return err
			}
			servers[port] = c
		}
		return nil
	})
	for _, c := range servers {
		defer c.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	send := func(port int) {
		err := lab.Left.Do(func() error {
			c, err := net.Dial("udp4", netip.AddrPortFrom(lab.Right.IP4, uint16(port)).String())
			if err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Write([]byte("datagram"))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	buf := make([]byte, 16)
	for deadline := time.Now().Add(10 * time.Second); !arrived[openPort]; {
		if time.Now().After(deadline) {
			t.Fatal("nothing arrives")
		}
		send(blockedPort)
		send(otherPort)
		send(openPort)
		servers[openPort].SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, _, err := servers[openPort].ReadFrom(buf)
		arrived[openPort] = err == nil
	}
	for _, port := range []int{blockedPort, otherPort} {
		servers[port].SetReadDeadline(time.Now().Add(30 * time.Millisecond))
		_, _, err := servers[port].ReadFrom(buf)
		arrived[port] = err == nil
	}
	return arrived
}

// expect fails unless the ports, and no others, are blocked. What Close has
// removed may be in force for a moment.
func expect(t *testing.T, lab *netlab.Lab, when string, blocked ...int) {
	t.Helper()
	want := map[int]bool{openPort: true, blockedPort: true, otherPort: true}
	for _, p := range blocked {
		want[p] = false
	}
	var got map[int]bool
	for range 10 {
		got = traffic(t, lab)
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
	}
	t.Errorf("%s: arrived %v, want %v", when, got, want)
}

// TestLink attaches a filter at each place, sees what it does to traffic, and that nothing
// is left of it after Close.
func TestLink(t *testing.T) {
	for _, p := range places {
		if p.name == "cgroup" {
			continue // TestCgroup
		}
		t.Run(p.name, func(t *testing.T) {
			lab := netlab.New(t)
			expect(t, lab, "before")
			l := p.must(t, lab, "not udp dst port 9")
			expect(t, lab, "attached", blockedPort)
			for range 2 {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, lab, "closed")
		})
	}
}

// TestLinkCoexists: two programs at one place are both in force, and each goes alone.
func TestLinkCoexists(t *testing.T) {
	for _, p := range places {
		if p.typ != ebpf.SchedCLS {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			lab := netlab.New(t)
			first := p.must(t, lab, "not udp dst port 9")
			second := p.must(t, lab, "not udp dst port 13")
			expect(t, lab, "both", blockedPort, otherPort)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			expect(t, lab, "the second", otherPort)
			if err := second.Close(); err != nil {
				t.Fatal(err)
			}
			expect(t, lab, "none")
		})
	}
}

// TestClsactOrder: a filter is behind one that lets packets through past all others, which it does not
// see then, or in front of it; and several are behind each other.
func TestClsactOrder(t *testing.T) {
	lab := netlab.New(t)
	put := func(p *ebpf.Program, first bool) {
		t.Helper()
		var l *Link
		err := lab.Right.Do(func() (err error) {
			l, err = clsact(lab.Right.Index, Ingress, p, first)
			return err
		})
		if errors.Is(err, unix.ENOENT) {
			netlab.Skip(t, "this kernel has no clsact: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
	}
	program := func(filter string, v ebpfgen.Verdict) *ebpf.Program {
		t.Helper()
		at := place{target: ebpfgen.SchedCLS, typ: ebpf.SchedCLS, verdict: &v, link: linktype.Ethernet}
		p, err := at.program(filter)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Close() })
		return p
	}
	const next, through, drop = 0xffffffff, 0, 2 // TC_ACT_UNSPEC, TC_ACT_OK, TC_ACT_SHOT
	put(program("tcp port 13", ebpfgen.Verdict{Accept: drop, Reject: next}), false)
	put(program("udp port 13", ebpfgen.Verdict{Accept: through, Reject: next}), false)
	put(program("tcp port 9", ebpfgen.Verdict{Accept: drop, Reject: next}), false)
	put(program("udp port 9 or udp port 13", ebpfgen.Verdict{Accept: drop, Reject: next}), false)
	expect(t, lab, "behind", blockedPort)
	put(program("udp port 9 or udp port 13", ebpfgen.Verdict{Accept: drop, Reject: next}), true)
	expect(t, lab, "in front", blockedPort, otherPort)
}

// TestXDPForeign: someone else's XDP program stays, however it is attached.
func TestXDPForeign(t *testing.T) {
	foreign := map[string]func(ifindex int, p *ebpf.Program) error{
		"link": func(ifindex int, p *ebpf.Program) error {
			l, err := link.AttachXDP(link.XDPOptions{Program: p, Interface: ifindex, Flags: link.XDPGenericMode})
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
		"native link": func(ifindex int, p *ebpf.Program) error {
			l, err := link.AttachXDP(link.XDPOptions{Program: p, Interface: ifindex, Flags: link.XDPDriverMode})
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		},
		"netlink":        func(ifindex int, p *ebpf.Program) error { return setXDP(ifindex, p, unix.XDP_FLAGS_SKB_MODE) },
		"native netlink": func(ifindex int, p *ebpf.Program) error { return setXDP(ifindex, p, unix.XDP_FLAGS_DRV_MODE) },
	}
	at := places[4]
	for name, put := range foreign {
		t.Run(name, func(t *testing.T) {
			lab := netlab.New(t)
			prog, err := at.program("not udp dst port 13")
			if err != nil {
				netlab.Skip(t, "%v", err)
			}
			defer prog.Close()
			if err := lab.Right.Do(func() error { return put(lab.Right.Index, prog) }); err != nil {
				t.Fatal(err)
			}
			for _, p := range places {
				if p.typ != ebpf.XDP {
					continue
				}
				l, err := p.in(t, lab, "not udp dst port 9")
				if err == nil {
					t.Errorf("%s: attached by %s", p.name, l.Via)
					continue
				}
				if !errors.Is(err, os.ErrExist) || !strings.Contains(err.Error(), "someone else") {
					t.Errorf("%s: %v", p.name, err)
				}
			}
			expect(t, lab, "the foreign program alone", otherPort)
		})
	}
}

// setXDP attaches an XDP program as ip(8) does.
func setXDP(ifindex int, p *ebpf.Program, flags uint32) error {
	c, err := dialRoute()
	if err != nil {
		return err
	}
	defer unix.Close(c.fd)
	ne := binary.NativeEndian
	ifi := make([]byte, unix.SizeofIfInfomsg)
	ne.PutUint32(ifi[4:], uint32(ifindex))
	nested := attr(nil, unix.IFLA_XDP_FD, ne.AppendUint32(nil, uint32(p.FD())))
	nested = attr(nested, unix.IFLA_XDP_FLAGS, ne.AppendUint32(nil, flags))
	_, err = c.ask(unix.RTM_SETLINK, 0, attr(ifi, unix.IFLA_XDP|unix.NLA_F_NESTED, nested))
	return err
}

// TestLinkKilled kills a program that has attached a filter.
func TestLinkKilled(t *testing.T) {
	for _, p := range places {
		if p.name == "cgroup" {
			continue // TestCgroup
		}
		t.Run(p.name, func(t *testing.T) {
			lab := netlab.New(t)
			cmd, said := start(t, lab, &p, "not udp dst port 9")
			if strings.Contains(said, "unsupported") {
				t.Skip(said)
			}
			if !strings.HasPrefix(said, "attached") {
				t.Fatal(said)
			}
			expect(t, lab, "attached", blockedPort)
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			cmd.Wait()
			if strings.Contains(said, "clsact") {
				expect(t, lab, "killed, with clsact", blockedPort)
				return
			}
			expect(t, lab, "killed")
		})
	}
}

// start starts a program that attaches a filter, and returns its first line.
func start(t *testing.T, lab *netlab.Lab, p *place, filter string) (*exec.Cmd, string) {
	t.Helper()
	ns := lab.Right
	if p.left {
		ns = lab.Left
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %s", childEnv, p.name, ns.Index, filter), "GOFILTER_ATTACH_GROUP="+testGroup)
	cmd.ExtraFiles = []*os.File{ns.File()}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	said, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, said
}

// child is what the killed program does.
func child(work string) error {
	var name string
	var ifindex int
	if _, err := fmt.Sscan(work, &name, &ifindex); err != nil {
		return err
	}
	_, filter, _ := strings.Cut(work, " ")
	_, filter, _ = strings.Cut(filter, " ")
	runtime.LockOSThread()
	if err := unix.Setns(netnsFD, unix.CLONE_NEWNET); err != nil {
		return err
	}
	for _, p := range places {
		if p.name != name {
			continue
		}
		prog, err := p.program(filter)
		if err != nil {
			return err
		}
		l, err := p.attach(ifindex, prog)
		if err != nil {
			return err
		}
		fmt.Println("attached by", l.Via)
		time.Sleep(time.Minute)
		return errors.New("not killed")
	}
	return fmt.Errorf("no place %q", name)
}

// group makes a control group, and returns what removes it.
func group(t *testing.T) (remove func()) {
	t.Helper()
	root := ""
	for _, dir := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var s unix.Statfs_t
		if unix.Statfs(dir, &s) == nil && s.Type == unix.CGROUP2_SUPER_MAGIC {
			root = dir
		}
	}
	dir, err := os.MkdirTemp(root, "gofilter-test-")
	if root == "" || err != nil {
		netlab.Skip(t, "no control group: %v", err)
	}
	if err := os.Chmod(dir, 0o755); err != nil { // as mkdir(1) makes it
		t.Fatal(err)
	}
	testGroup = dir
	return func() {
		os.Remove(dir)
		testGroup = ""
	}
}

// TestCgroup attaches to a control group of its own; a program started in it sends.
func TestCgroup(t *testing.T) {
	defer group(t)()
	dir := testGroup
	lab := netlab.New(t)
	p := &places[len(places)-1]

	blocked := func(want bool, when string) {
		t.Helper()
		var got bool
		for range 10 {
			if got = refused(t, dir); got == want {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("%s: blocked %v", when, got)
	}
	blocked(false, "before")
	l := p.must(t, lab, "not udp dst port 9")
	second := p.must(t, lab, "not udp dst port 13")
	blocked(true, "attached")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	blocked(false, "closed")
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	cmd, said := start(t, lab, p, "not udp dst port 9")
	if !strings.HasPrefix(said, "attached by cgroup") {
		t.Fatal(said)
	}
	blocked(true, "attached by another program")
	cmd.Process.Kill()
	cmd.Wait()
	blocked(false, "killed")

	prog := mustProgram(t, p)
	for caps, want := range map[*[]capability]string{{}: "missing cap_net_admin", {capBPF}: "missing cap_net_admin", {capBPF, capNetAdmin}: ""} {
		with(t, *caps, func() {
			l, err := p.attach(0, prog)
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("with %v: %v", *caps, err)
			}
			if err == nil {
				l.Close()
			}
		})
	}
	if _, err := Cgroup(t.TempDir(), Ingress, mustProgram(t, p)); err == nil || !strings.Contains(err.Error(), "cgroup2") {
		t.Errorf("a directory that is no control group: %v", err)
	}
}

func mustProgram(t *testing.T, p *place) *ebpf.Program {
	t.Helper()
	prog, err := p.program("ip")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { prog.Close() })
	return prog
}

// refused reports whether a program in the group may not send to port 9: the kernel
// tells it so.
func refused(t *testing.T, group string) bool {
	t.Helper()
	g, err := os.Open(group)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+sendWork)
	cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(g.Fd())}
	out, err := cmd.CombinedOutput()
	if err == nil {
		return false
	}
	if !strings.Contains(string(out), "not permitted") {
		t.Fatalf("%v: %s", err, out)
	}
	return true
}

// TestLinkRefusals says what is missing.
func TestLinkRefusals(t *testing.T) {
	lab := netlab.New(t)
	for _, p := range places {
		if p.name == "cgroup" {
			continue
		}
		prog, err := p.program("udp")
		if err != nil {
			t.Fatal(err)
		}
		defer prog.Close()
		ns := lab.Right
		if p.left {
			ns = lab.Left
		}
		err = ns.Do(func() error {
			if _, err := p.attach(4711, prog); err == nil || !errors.Is(err, unix.ENODEV) {
				t.Errorf("%s: interface 4711: %v", p.name, err)
			}
			hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
			var none [2]unix.CapUserData
			if err := unix.Capset(&hdr, &none[0]); err != nil {
				return err
			}
			l, err := p.attach(ns.Index, prog)
			switch {
			case err == nil && p.via != "clsact":
				return l.Close() // a link takes the program, and nothing else
			case p.via == "tcx" && errors.Is(err, os.ErrPermission) && strings.Contains(err.Error(), "missing cap_net_admin"):
				// Before TCX it is clsact.
			case !errors.Is(err, os.ErrPermission), p.via != "clsact" && !strings.Contains(err.Error(), "missing cap_bpf"):
				t.Errorf("%s, without capabilities: %v", p.name, err)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := TC(1, 0, nil); err == nil {
		t.Error("direction 0")
	}
	if _, err := XDP(1, nil, 9); err == nil {
		t.Error("mode 9")
	}
}
