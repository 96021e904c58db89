//go:build linux

package hook

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gofilter/gofilter/capture"
	"github.com/gofilter/gofilter/internal/netlab"
)

// controlGroup makes a control group for the test.
func controlGroup(t *testing.T) string {
	t.Helper()
	for _, root := range []string{"/sys/fs/cgroup", "/sys/fs/cgroup/unified"} {
		var s unix.Statfs_t
		if unix.Statfs(root, &s) != nil || s.Type != unix.CGROUP2_SUPER_MAGIC {
			continue
		}
		dir, err := os.MkdirTemp(root, "gofilter-test-")
		if err != nil {
			netlab.Skip(t, "no control group: %v", err)
		}
		t.Cleanup(func() { os.Remove(dir) })
		return dir
	}
	netlab.Skip(t, "no control group")
	return ""
}

// serve answers UDP on a port of the left, or with TCP sends some and closes.
func serve(t *testing.T, ns *netlab.Namespace, network string, port uint16) {
	t.Helper()
	at := netip.AddrPortFrom(ns.IP4, port).String()
	err := ns.Do(func() error {
		if network == "udp4" {
			c, err := net.ListenPacket(network, at)
			if err != nil {
				return err
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				buf := make([]byte, 2000)
				for {
					n, from, err := c.ReadFrom(buf)
					if err != nil {
						return
					}
					c.WriteTo(buf[:n], from)
				}
			}()
			return nil
		}
		ln, err := net.Listen(network, at)
		if err != nil {
			return err
		}
		t.Cleanup(func() { ln.Close() })
		go func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				// The one who closes first is left with a socket that is in no control group.
				c.Write(make([]byte, 3000))
				c.Close()
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// talkEnv makes the test binary the program in the control group. Its value is whom it talks to.
const talkEnv = "GOFILTER_HOOK_TALK"

func TestMain(m *testing.M) {
	if to := os.Getenv(talkEnv); to != "" {
		if err := talk(to); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// talk is what the program in the control group does: an answer over UDP of each of two ports, and
// what there is over TCP.
func talk(to string) error {
	for _, port := range []string{"7", "53"} {
		c, err := net.Dial("udp4", net.JoinHostPort(to, port))
		if err != nil {
			return err
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(9 * time.Second))
		if _, err := c.Write([]byte("hello\n")); err != nil {
			return err
		}
		if _, err := c.Read(make([]byte, 6)); err != nil {
			return err
		}
	}
	c, err := net.DialTimeout("tcp4", net.JoinHostPort(to, "80"), 9*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(9 * time.Second))
	_, err = io.Copy(io.Discard, c)
	return err
}

// TestCgroup: the packets of a program in a control group are those that a packet socket has
// of it, from the network layer on.
func TestCgroup(t *testing.T) {
	dir := controlGroup(t)
	lab := netlab.New(t)
	serve(t, lab.Left, "udp4", 7)
	serve(t, lab.Left, "udp4", 53)
	serve(t, lab.Left, "tcp4", 80)
	words := []string{
		"udp or tcp", "udp", "udp port 53", "tcp port 80", "tcp[tcpflags] & tcp-syn != 0", "src host 192.0.2.1 and udp",
		"dst host 192.0.2.1 and tcp", "ip[8] > 1 and (udp or tcp)", "udp and not port 53", "tcp and ip[2:2] > 100",
	}
	at := Hook{Cgroup, dir}
	var hooks []*Handle
	var sockets []*capture.Handle
	for _, w := range words {
		hooks = append(hooks, must(t, lab.Right, setup{Hook: at}, w))
		sockets = append(sockets, socket(t, lab.Right, capture.InOut, 0, w))
	}
	on := map[string]*Handle{
		"the link": must(t, lab.Right, setup{Hook: at, Interface: lab.Right.Link}, words[0]),
		"lo":       must(t, lab.Right, setup{Hook: at, Interface: "lo"}, words[0]),
		"in":       must(t, lab.Right, setup{Hook: at, Direction: capture.In}, words[0]),
		"out":      must(t, lab.Right, setup{Hook: at, Direction: capture.Out, Snaplen: 20, Buffer: PerfBuffer}, words[0]),
	}
	group, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer group.Close()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), talkEnv+"="+lab.Left.IP4.String())
	cmd.SysProcAttr = &unix.SysProcAttr{UseCgroupFD: true, CgroupFD: int(group.Fd())}
	cmd.Stderr = os.Stderr
	if err := lab.Right.Do(cmd.Run); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // the last acknowledgement
	got, want := make([][]packet, len(words)), make([][]packet, len(words))
	var done sync.WaitGroup
	for i := range words {
		done.Go(func() { got[i] = rest(t, hooks[i]) })
		done.Go(func() { want[i] = restOf(t, sockets[i]) })
	}
	done.Wait()
	for i, w := range words {
		for k := range want[i] {
			want[i][k].data, want[i][k].length = want[i][k].data[14:], want[i][k].length-14
		}
		compare(t, fmt.Sprintf("%q", w), got[i], want[i], false)
	}
	counts := make(map[string]int)
	for name, h := range on {
		all := rest(t, h)
		counts[name] = len(all)
		for _, p := range all {
			if name == "out" && (!p.out || len(p.data) != 20) || name == "in" && p.out {
				t.Errorf("%s: %v", name, p)
			}
		}
	}
	if n := len(want[0]); counts["the link"] != n || counts["lo"] != 0 || counts["in"]+counts["out"] != n || counts["in"] == 0 {
		t.Errorf("%v of %d", counts, n)
	}
}
