package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofilter/gofilter/count"
)

func TestStatOptions(t *testing.T) {
	tests := []struct {
		args     []string
		interval time.Duration
		words    []string
	}{
		{[]string{"--stat"}, time.Second, nil},
		{[]string{"--stat", "2s"}, 2 * time.Second, nil},
		{[]string{"--stat=500ms", "udp"}, 500 * time.Millisecond, []string{"udp"}},
		{[]string{"--stat", "0.5", "tcp", "port", "80"}, 500 * time.Millisecond, []string{"tcp", "port", "80"}},
		{[]string{"--stat", "tcp", "port", "80"}, time.Second, []string{"tcp", "port", "80"}},
		{[]string{"udp", "--stat", "-i", "lo", "port", "53"}, time.Second, []string{"udp", "port", "53"}},
		{[]string{"--stat=1m", "1", "=", "tcp[0]"}, time.Minute, []string{"1", "=", "tcp[0]"}},
		{[]string{"--stat", "--", "1", "=", "tcp[0]"}, time.Second, []string{"1", "=", "tcp[0]"}},
		{[]string{"-i", "lo", "--", "--stat", "2s"}, 0, []string{"--stat", "2s"}},
	}
	for _, test := range tests {
		o, err := parseOptions(test.args)
		if err != nil || o.stat.interval != test.interval || !slices.Equal(o.words, test.words) {
			t.Errorf("%q: %v, %+v, %q", test.args, err, o.stat, o.words)
		}
	}
}

func TestStatErrors(t *testing.T) {
	tests := []struct {
		args   []string
		stderr string // with the program's name in front of the first line
	}{
		{[]string{"--stat=0"}, "invalid interval 0: want 10ms to 24h, such as 500ms or 2s\n"},
		{[]string{"--stat=25h"}, "invalid interval 25h: want 10ms to 24h, such as 500ms or 2s\n"},
		{[]string{"--stat=NaN"}, "invalid interval NaN: want 10ms to 24h, such as 500ms or 2s\n"},
		{[]string{"--stat=fast"}, "invalid interval fast: want 10ms to 24h, such as 500ms or 2s\n"},
		{[]string{"--stat", "--intervals", "0"}, "invalid number of intervals 0\n"},
		{[]string{"--stat", "--stat-at", "moon"}, "unknown place to count \"moon\": want auto, tc, socket\n"},
		{[]string{"--intervals", "3", "udp"}, "--intervals and --stat-at are about counting: --stat\n"},
		{[]string{"--stat", "-w", "f"}, "--stat counts packets in the kernel: --write cannot stand beside it\n"},
		{[]string{"--stat", "-r", "f"}, "--stat counts packets in the kernel: --read cannot stand beside it\n"},
		{[]string{"--stat", "-c", "3"}, "--stat counts packets in the kernel: --packets cannot stand beside it\n"},
		{[]string{"--stat", "-d"}, "--stat counts packets in the kernel: --dump cannot stand beside it\n"},
		{[]string{"--stat", "a=tcp", "udp"}, "\"udp\" has no name, which a has: want NAME='EXPRESSION' for each filter\n"},
		{[]string{"--stat", "a=tcp", "a=udp"}, "two filters are called a\n"},
	}
	for _, test := range tests {
		r := runCommand(t, "", test.args...)
		if want := "gofilter: " + test.stderr; r.status != 1 || r.stderr != want || r.stdout != "" {
			t.Errorf("%q: status %d\n got %q\nwant %q\n%s", test.args, r.status, r.stderr, want, r.stdout)
		}
	}
}

func TestStatFilters(t *testing.T) {
	tests := []struct {
		words []string
		want  string
	}{
		{nil, "all:"},
		{[]string{"tcp", "port", "80"}, "tcp port 80:tcp port 80"},
		{[]string{"tcp  port 80"}, "tcp port 80:tcp  port 80"},
		{[]string{"web=tcp port 80"}, "web:tcp port 80"},
		{[]string{"web=tcp port 80", "big=len=60", "x.y-z=", "a=b=c"}, "web:tcp port 80|big:len=60|x.y-z:|a:b=c"},
		{[]string{"len=60"}, "len=60:len=60"}, // an expression
		{[]string{"tcp[0]=5"}, "tcp[0]=5:tcp[0]=5"},
		{[]string{"tcp", "and", "len=60"}, "tcp and len=60:tcp and len=60"},
	}
	for _, test := range tests {
		s := &session{opt: &options{words: test.words}}
		all, err := s.statFilters()
		var got []string
		for _, f := range all {
			got = append(got, f.name+":"+f.source)
		}
		if err != nil || strings.Join(got, "|") != test.want {
			t.Errorf("%q: %v, %q", test.words, err, got)
		}
	}
}

// exampleSample is 1.5 seconds of two filters.
func exampleSample() statSample {
	web := count.Counts{Packets: 1500, Bytes: 1_200_000}
	web.Sizes[2], web.Sizes[6] = 300, 1200
	total := count.Counts{Packets: 2_000_000, Bytes: 1_600_000_000}
	total.Sizes[1], total.Sizes[2], total.Sizes[6] = 1, 399_999, 1_600_000
	dns := count.Counts{Packets: 3, Bytes: 240}
	dns.Sizes[2] = 3
	return statSample{
		time: time.Date(2026, 2, 3, 4, 5, 6, 7000, time.UTC), seconds: 1.5,
		rows: []statRow{
			{"eth0", &statFilter{name: "web", source: "tcp port 80"}, web, total},
			{"eth0", &statFilter{name: "dns", source: "udp port 53"}, dns, dns},
			{"eth0", &statFilter{name: "none", source: "sctp"}, count.Counts{}, count.Counts{}},
		},
	}
}

func TestStatTable(t *testing.T) {
	s := exampleSample()
	got := joinLines(append(rateTable(s, false), sizeTable(s, false)...))
	want := `filter  packets/s   bit/s  packets       bytes
web        1.00 k  6.40 M  2000000  1600000000
dns             2  1.28 k        3         240
none            0       0        0           0

bytes                    web                dns
32-63      .            0.0%
64-127     ##          20.0%  ########## 100.0%
128-255
256-511
512-1023
1024-2047  ########    80.0%
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := joinLines(finalTable(s, 4, true)); !strings.HasPrefix(got, "filter     packets/s   bit/s  packets       bytes\neth0 web       500 k  3.20 G  2000000  1600000000\n") ||
		!strings.HasSuffix(got, "80.0%\n4.000 seconds\n") {
		t.Errorf("final:\n%s", got)
	}
	if got := fit([]string{"abcdef", "ab", "c"}, 4, 3); strings.Join(got, "|") != "abc…|ab" {
		t.Errorf("%q", got)
	}
}

func TestScaled(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 1: "1", 0.25: "0.25", 9.996: "10.0", 69.06: "69.1", 99.96: "100", 999: "999", 999.4: "999", 999.6: "1.00 k", 12_345: "12.3 k",
		1e6: "1.00 M", 2.5e9: "2.50 G", 1e18: "1.00 E", 5e21: "5000 E",
	} {
		if got := scaled(x); got != want {
			t.Errorf("%g: %q, not %q", x, got, want)
		}
	}
}

func TestStatJSON(t *testing.T) {
	s := exampleSample()
	s.rows = s.rows[1:]
	s.rows[0].total.Sizes[count.NumSizes-1] = 1
	got, err := statJSON(s, true)
	want := `{"time":"2026-02-03T04:05:06.000007000Z","interface":"eth0","filter":"dns","expression":"udp port 53","seconds":1.5,"packets":3,"bytes":240,"total":{"packets":3,"bytes":240,"sizes":[{"from":64,"to":127,"packets":3},{"from":131072,"packets":1}]},"final":true}
{"time":"2026-02-03T04:05:06.000007000Z","interface":"eth0","filter":"none","expression":"sctp","seconds":1.5,"packets":0,"bytes":0,"total":{"packets":0,"bytes":0,"sizes":[]},"final":true}
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}

// Rates of an interval that took no time are none.
func TestStatNoTime(t *testing.T) {
	s := exampleSample()
	s.seconds = 0
	if got := rateTable(s, false)[1]; !strings.HasPrefix(got, "web             0       0 ") && !strings.Contains(got, "  0      0  2000000") {
		t.Errorf("%q", got)
	}
	if fmt.Sprint(per(5, 0)) != "0" {
		t.Error("a rate")
	}
}
