package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// objects runs the command with --json and returns what it printed.
func objects(t *testing.T, args ...string) (all []packetObject) {
	t.Helper()
	r := runCommand(t, "", append([]string{"-n", "--json"}, args...)...)
	if r.status != 0 {
		t.Fatalf("%q: %s", args, r.stderr)
	}
	for line := range strings.Lines(r.stdout) {
		var o packetObject
		d := json.NewDecoder(strings.NewReader(line))
		d.DisallowUnknownFields()
		if err := d.Decode(&o); err != nil {
			t.Fatalf("%q: %v: %s", args, err, line)
		}
		all = append(all, o)
	}
	return all
}

func TestJSON(t *testing.T) {
	const want = `{"number":2,"time":"2026-01-01T00:00:00.001250000Z","link":"EN10MB","captured":66,"length":66,"src":"10.0.0.11","dst":"10.0.0.10","proto":6,"sport":22,"dport":51022,` +
		`"summary":"IP 10.0.0.11.22 > 10.0.0.10.51022: Flags [S.], seq 3000000019, ack 1000000008, win 64240, options [mss 1460,sackOK,nop,wscale 7,nop,nop], length 0"}` + "\n"
	if r := runCommand(t, "", "-n", "--json", "-c1", "-r", pcap("ssh"), "tcp[13] = 18"); r.stdout != want {
		t.Errorf("got  %swant %s", r.stdout, want)
	}
	// The summary is the line without -t, also where -t and -# ask for something.
	lines := strings.Split(strings.TrimSpace(runCommand(t, "", "-nte", "-r", pcap("dns")).stdout), "\n")
	all := objects(t, "-e#ttt", "-r", pcap("dns"))
	if len(all) != len(lines) {
		t.Fatalf("%d objects, %d lines", len(all), len(lines))
	}
	for i, o := range all {
		if o.Summary != lines[i] || o.Number != uint64(i+1) {
			t.Errorf("packet %d: %+v, want %s", i+1, o, lines[i])
		}
	}
	if r := runCommand(t, "", "--json", "-X", "-r", pcap("dns")); r.status != 1 || r.stderr != "gofilter: --json prints no bytes: -x, -X and -A cannot stand beside it\n" {
		t.Errorf("status %d, %s", r.status, r.stderr)
	}
}

// Addresses and ports are those that tshark finds outermost. Ports behind a header that
// is itself inside are not asked for.
func TestJSONAsTshark(t *testing.T) {
	tshark := peer(t, "tshark")
	text := func(n *uint16) string {
		if n == nil {
			return ""
		}
		return strconv.Itoa(int(*n))
	}
	checked, missing := 0, 0
	for _, name := range []string{"lan", "ip6", "linux-sll", "linux-sll2", "raw", "vlan", "loop", "sctp", "fragments"} {
		args := []string{"-n", "-r", pcap(name), "-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-T", "fields", "-E", "occurrence=f"}
		for _, field := range []string{"ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "arp.src.proto_ipv4", "arp.dst.proto_ipv4", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "sctp.srcport", "sctp.dstport", "ip.proto"} {
			args = append(args, "-e", field)
		}
		out, err := exec.Command(tshark, args...).Output()
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		all := objects(t, "-r", pcap(name))
		if len(lines) != len(all) {
			t.Errorf("%s: %d objects, tshark has %d packets", name, len(all), len(lines))
			continue
		}
		for i, o := range all {
			f := strings.Split(lines[i], "\t")
			src, dst, sport, dport := f[0]+f[2]+f[4], f[1]+f[3]+f[5], f[6]+f[8]+f[10], f[7]+f[9]+f[11]
			proto := f[12]
			if o.Src == "" && src != "" {
				missing++ // RARP, and a tag of type 0x9100
				continue
			}
			if o.SrcPort == nil && o.Proto != nil && !slices.Contains([]uint8{6, 17, 132, 136}, *o.Proto) {
				sport, dport = "", "" // tshark's are inside another header
			}
			if o.Proto != nil && proto != "" && strconv.Itoa(int(*o.Proto)) != proto || (o.Proto == nil && proto != "") {
				t.Errorf("%s, packet %d: protocol %v, tshark %s", name, i+1, o.Proto, proto)
			}
			if o.Src != src || o.Dst != dst || text(o.SrcPort) != sport || text(o.DstPort) != dport {
				t.Errorf("%s, packet %d: %s:%s > %s:%s, tshark %s:%s > %s:%s", name, i+1, o.Src, text(o.SrcPort), o.Dst, text(o.DstPort), src, sport, dst, dport)
			}
			if src != "" {
				checked++
			}
		}
	}
	if checked < 100 || missing > 3 {
		t.Errorf("%d packets with addresses, %d without", checked, missing)
	}
}

// No packet keeps a line from being written, however it is cut.
func TestJSONCut(t *testing.T) {
	for _, name := range []string{"cut-arp", "cut-tcp6", "cut-udp4", "cut-vlan", "cut-sll", "cut-raw", "cut-null", "cut-ppp", "tunnels", "ipsec", "ip-options"} {
		if n := len(objects(t, "-r", pcap(name))); n != packetsIn(t, pcap(name)) {
			t.Errorf("%s: %d objects", name, n)
		}
	}
}
