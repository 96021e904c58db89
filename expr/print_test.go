package expr

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestPrintError(t *testing.T) {
	long := strings.Repeat("host a or ", 100)
	for _, test := range []struct {
		name, src string
		at        Span
		want      string
	}{
		{"at the end", "ip and", Span{6, 6}, "1:7: wrong\n    ip and\n          ^\n"},
		{"an empty source", "", Span{0, 0}, "1:1: wrong\n    \n    ^\n"},
		{"outside the source", "ip", Span{70, 80}, "1:3: wrong\n    ip\n      ^\n"},
		{"second line", "ip and\ntcp and\nudp", Span{7, 10}, "2:1: wrong\n    tcp and\n    ^~~\n"},
		{"over a line end", "ip and\ntcp", Span{3, 10}, "1:4: wrong\n    ip and\n       ^~~\n"},
		{"at a line end", "ip\ntcp", Span{2, 2}, "1:3: wrong\n    ip\n      ^\n"},
		{"carriage return", "ip and\r\ntcp", Span{3, 6}, "1:4: wrong\n    ip and\n       ^~~\n"},
		{"after tabs", "\tip\tand tcp", Span{4, 7}, "1:5: wrong\n            ip      and tcp\n                    ^~~\n"},
		{"a tab", "ip\t and", Span{2, 3}, "1:3: wrong\n    ip       and\n      ^\n"},
		{"wide characters", "host 東京 x", Span{12, 13}, "1:9: wrong\n    host 東京 x\n              ^\n"},
		{"under wide characters", "host 東京 x", Span{5, 11}, "1:6: wrong\n    host 東京 x\n         ^~~~\n"},
		{"combining mark", "e\u0301 xy", Span{4, 6}, "1:4: wrong\n    e\u0301 xy\n      ^~\n"},
		{"no UTF-8", "a\xff\xfe b", Span{4, 5}, "1:5: wrong\n    a\ufffd\ufffd b\n        ^\n"},
		{"control characters", "a\x1b[1m\u202e b", Span{9, 10}, "1:8: wrong\n    a\ufffd[1m\ufffd b\n           ^\n"},
		{"start of a long line", long, Span{0, 4}, "1:1: wrong\n    " + long[:76] + "...\n    ^~~~\n"},
		{"middle of a long line", long, Span{505, 506},
			"1:506: wrong\n    ..." + long[480:556] + "...\n" + strings.Repeat(" ", 7+25) + "^\n"},
		{"end of a long line", long, Span{997, 999}, "1:998: wrong\n    ..." + long[924:1000] + "\n" + strings.Repeat(" ", 7+73) + "^~\n"},
		{"a long span", long, Span{5, 500}, "1:6: wrong\n    " + long[:76] + "...\n         ^" + strings.Repeat("~", 70) + "\n"},
	} {
		var b strings.Builder
		if err := PrintError(&b, test.src, &Error{Span: test.at, Msg: "wrong"}); err != nil {
			t.Fatal(err)
		}
		if b.String() != test.want {
			t.Errorf("%s: got\n%s(%q)\nwant\n%s", test.name, b.String(), b.String(), test.want)
		}
	}
}

func TestPrintErrorKinds(t *testing.T) {
	one := &Error{Span: Span{0, 2}, Msg: "wrong", Suggestion: "tcp", Hint: "really"}
	for _, test := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{errors.New("no place"), "no place\n"},
		{one, "1:1: wrong (did you mean tcp?) (really)\n    ip\n    ^~\n"},
		{fmt.Errorf("compiling: %w", one), "1:1: wrong (did you mean tcp?) (really)\n    ip\n    ^~\n"},
		{fmt.Errorf("compiling: %w", ErrorList{one}), "1:1: wrong (did you mean tcp?) (really)\n    ip\n    ^~\n"},
	} {
		var b strings.Builder
		if err := PrintError(&b, "ip", test.err); err != nil || b.String() != test.want {
			t.Errorf("%v: got %q, %v, want %q", test.err, b.String(), err, test.want)
		}
	}
	r, w := io.Pipe()
	r.Close()
	if err := PrintError(w, "ip", one); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("writing to a closed pipe gives %v", err)
	}
}

func TestSuggest(t *testing.T) {
	all := ^kinds(0)
	for _, test := range []struct {
		word string
		set  kinds
		want string
	}{
		{"tpc", kindSet(tokProto), "tcp"},
		{"tpc", kindSet(tokType), ""},
		{"UDP", all, "udp"},
		{"prot", kindSet(tokType, tokProtoType), "port"},
		{"protos", kindSet(tokType, tokProtoType), "proto"},
		{"brodcast", all, "broadcast"},
		{"mulitcsat", all, "multicast"},
		{"gatway", all, "gateway"},
		{"vlna", all, "vlan"},
		{"an", kindSet(tokAnd, tokOr), "and"},
		{"adn", kindSet(tokAnd, tokOr), "and"},
		{"icmp-ecoh", all, "icmp-echo"},
		{"x", all, ""},
		{"xyzzy", all, ""},
		{strings.Repeat("tcp", 50), all, ""},
	} {
		if got := suggest(test.word, test.set); got != test.want {
			t.Errorf("suggest(%q) = %q, want %q", test.word, got, test.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"tcp", "tcp", 0}, {"tcp", "tpc", 1}, {"tcp", "tc", 1}, {"tcp", "ttcp", 1}, {"tcp", "udp", 2},
		{"ab", "ba", 1}, {"abcd", "badc", 2}, {"abc", "xyz", 3}, {"abcdef", "a", 4},
	} {
		if got := distance(test.a, test.b, 3); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
		if got := distance(test.b, test.a, 3); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.b, test.a, got, test.want)
		}
	}
}
