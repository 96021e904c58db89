package expr

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Each case is a filter and what PrintError writes for it, less the indent of four.
var errorCases = []struct{ src, want string }{
	// Words that are none.
	{"ip and (tpc dst port 80)", `
1:9: unknown protocol "tpc" (did you mean tcp?)
ip and (tpc dst port 80)
        ^~~
`},
	{"tpc", `
1:1: unknown protocol "tpc" (did you mean tcp?)
tpc
^~~
`},
	{"ip and tpc[0] = 1", `
1:8: unknown protocol "tpc" (did you mean tcp?)
ip and tpc[0] = 1
       ^~~
`},
	{"TCP port 80", `
1:1: unknown protocol "TCP" (did you mean tcp?)
TCP port 80
^~~
`},
	{"frobnicate port 80", `
1:1: unknown protocol "frobnicate"
frobnicate port 80
^~~~~~~~~~
`},
	{"hots 10.0.0.1", `
1:1: unknown word "hots" (did you mean host?)
hots 10.0.0.1
^~~~
`},
	{"ip and prot 80", `
1:8: unknown word "prot" (did you mean port?)
ip and prot 80
       ^~~~
`},
	{"www.example.org", `
1:1: unknown word "www.example.org" (a name needs a qualifier in front of it, like "host" or "port")
www.example.org
^~~~~~~~~~~~~~~
`},
	{"ip.src == 10.0.0.1", `
1:1: unknown word "ip.src" (display filters are another language; see pcap-filter(7))
ip.src == 10.0.0.1
^~~~~~
`},
	{"len-4 > 5", `
1:1: unknown word "len-4" (a dash inside a word is part of it; write "len - 4")
len-4 > 5
^~~~~
`},
	{"tcp prot 22", `
1:5: expected a qualifier, "and" or "or" after "tcp", found "prot" (did you mean port?)
tcp prot 22
    ^~~~
`},
	{"dst prot 22", `
1:5: expected host, net, port or portrange after "dst", found "prot" (did you mean port?)
dst prot 22
    ^~~~
`},
	{"tcp port 80 adn udp", `
1:13: expected "and" or "or" after "80", found "adn" (did you mean and?)
tcp port 80 adn udp
            ^~~
`},
	{"tcp[tcpflag] & tcp-sin != 0", `
1:5: expected a number, "len" or a field like ip[0] after "[", found "tcpflag" (did you mean tcpflags?)
tcp[tcpflag] & tcp-sin != 0
    ^~~~~~~
`},
	{"tcp[tcpflags] & tcp-sin != 0", `
1:17: expected a number, "len" or a field like ip[0] after "&", found "tcp-sin" (did you mean tcp-fin?)
tcp[tcpflags] & tcp-sin != 0
                ^~~~~~~
`},

	// Words in the wrong place.
	{"ip proto tcp", `
1:10: expected a protocol name or a number after "proto", found the keyword "tcp" (did you mean \tcp?)
ip proto tcp
         ^~~
`},
	{"dst and", `
1:8: expected "src" after "and", found the end
dst and
       ^
`},
	{"dst tcp 80", `
1:5: expected host, net, port, portrange or an id after "dst", found the keyword "tcp" (did you mean \tcp?)
dst tcp 80
    ^~~
`},
	{"tcp port 80 and and udp", `
1:17: expected a primitive after "and", found the keyword "and"
tcp port 80 and and udp
                ^~~
`},
	{"and ip", `
1:1: expected a primitive, found the keyword "and"
and ip
^~~
`},
	{"ip or", `
1:6: expected a primitive after "or", found the end
ip or
     ^
`},
	{"port", `
1:5: expected a port name or a number after "port", found the end
port
    ^
`},
	{"10.0.0.1 or ip", `
1:1: expected a primitive, found the address "10.0.0.1" (did you mean host 10.0.0.1?)
10.0.0.1 or ip
^~~~~~~~
`},
	{"0:1:2:3:4:5", `
1:1: expected a primitive, found the address "0:1:2:3:4:5" (did you mean ether host 0:1:2:3:4:5?)
0:1:2:3:4:5
^~~~~~~~~~~
`},
	{"80", `
1:1: "80" is a number, and nothing compares it (did you mean port 80?)
80
^~
`},
	{"ip[0] & 0xf and tcp", `
1:1: "ip[0] & 0xf" is a number, and nothing compares it
ip[0] & 0xf and tcp
^~~~~~~~~~~
`},
	{"len 100", `
1:5: expected a comparison after "len", found "100"
len 100
    ^~~
`},
	{"vlan (1 + 2) and ip", `
1:9: expected ")" for the "(" at 1:6, found "+"
vlan (1 + 2) and ip
        ^
`},
	{"net 10.0.0.0 mask 8", `
1:19: expected a netmask like 255.255.255.0 after "mask", found "8"
net 10.0.0.0 mask 8
                  ^
`},
	{"on 5", `
1:4: expected an interface name after "on", found "5"
on 5
   ^
`},

	{"src host and dst host b", `
1:10: expected a host name or an address after "host", found the keyword "and"
src host and dst host b
         ^~~
`},
	{"ip.addr==1 && tcp.port==80", `
1:1: unknown word "ip.addr" (display filters are another language; see pcap-filter(7))
ip.addr==1 && tcp.port==80
^~~~~~~
1:15: unknown word "tcp.port" (display filters are another language; see pcap-filter(7))
ip.addr==1 && tcp.port==80
              ^~~~~~~~
`},
	{"host 10.0.0.1:80", `
1:14: expected "and" or "or" after "10.0.0.1", found ":" (an address with a port is written "host A and port P")
host 10.0.0.1:80
             ^
`},
	{"net 10/8", `
1:7: expected "and" or "or" after "10", found "/" (a prefix has a dot; write "10.0/...")
net 10/8
      ^
`},
	{"portrange 10 - 20", `
1:14: expected "and" or "or" after "10", found "-" (a range is one word, like 1024-65535)
portrange 10 - 20
             ^
`},
	{"port 80 443", `
1:9: expected "and" or "or" after "80", found "443" (alternatives are written with "or")
port 80 443
        ^~~
`},
	{"host 10.0.0.1 port 80", `
1:15: expected "and" or "or" after "10.0.0.1", found the keyword "port" (is an "and" missing?)
host 10.0.0.1 port 80
              ^~~~
`},

	// Operators.
	{"tcp & udp", `
1:5: "&" stands between numbers, not between primitives (did you mean and?)
tcp & udp
    ^
`},
	{"port 80 | port 81", `
1:9: "|" stands between numbers, not between primitives (did you mean or?)
port 80 | port 81
        ^
`},
	{"tcp[0] =< 3", `
1:8: unknown operator "=<" (did you mean <=?)
tcp[0] =< 3
       ^~
`},
	{"tcp[0] => 3", `
1:8: unknown operator "=>" (did you mean >=?)
tcp[0] => 3
       ^~
`},
	{"len === 3", `
1:5: unknown operator "===" (did you mean =?)
len === 3
    ^~~
`},
	{"len <> 3", `
1:5: unknown operator "<>" (did you mean !=?)
len <> 3
    ^~
`},
	{"tcp port == 80", `
1:10: expected a port name or a number after "port", found "==" (no operator stands between "port" and its value)
tcp port == 80
         ^~
`},
	{"port > 1023", `
1:6: expected a port name or a number after "port", found ">" (a range is written like "portrange 1024-65535")
port > 1023
     ^
`},
	{"tcp = 6", `
1:5: expected a qualifier, "and" or "or" after "tcp", found "=" (a field is written like tcp[0])
tcp = 6
    ^
`},

	// Parentheses and brackets.
	{"(tcp or udp", `
1:12: expected ")" for the "(" at 1:1, found the end
(tcp or udp
           ^
`},
	{"tcp or udp)", `
1:11: ")" without a "("
tcp or udp)
          ^
`},
	{"tcp) and (udp", `
1:4: ")" without a "("
tcp) and (udp
   ^
1:14: expected ")" for the "(" at 1:10, found the end
tcp) and (udp
             ^
`},
	{"tcp[13 & 2 != 0", `
1:12: expected "]" for the "[" at 1:4, found "!="
tcp[13 & 2 != 0
           ^~
`},
	{"tcp[13", `
1:7: expected "]" for the "[" at 1:4, found the end
tcp[13
      ^
`},
	{"tcp] = 1", `
1:4: "]" without a "["
tcp] = 1
   ^
`},
	{"ip or ()", `
1:7: nothing between the parentheses
ip or ()
      ^~
`},
	{"host ((a))", `
1:8: expected a number after "(", found "a"
host ((a))
       ^
`},
	{"(ip or (tcp and udp) arp", `
1:22: expected "and", "or" or ")" after ")", found the keyword "arp" (is an "and" missing?)
(ip or (tcp and udp) arp
                     ^~~
1:25: expected ")" for the "(" at 1:1, found the end
(ip or (tcp and udp) arp
                        ^
`},

	// Left by the shell.
	{"tcp and 'port 80'", `
1:9: illegal character "'" (a quote that the shell left in the filter?)
tcp and 'port 80'
        ^
1:17: illegal character "'" (a quote that the shell left in the filter?)
tcp and 'port 80'
                ^
`},
	{`ip and \(tcp or udp\)`, `
1:8: illegal character "\\" (inside quotes "(" needs no backslash)
ip and \(tcp or udp\)
       ^
1:20: illegal character "\\" (inside quotes ")" needs no backslash)
ip and \(tcp or udp\)
                   ^
`},
	{"host $SRC and ip", `
1:6: illegal character "$" (a variable that the shell did not expand?)
host $SRC and ip
     ^
`},
	{"host “a”", `
1:6: illegal character "“" (a typographic quote; use plain ones, for the shell)
host “a”
     ^
1:8: illegal character "”" (a typographic quote; use plain ones, for the shell)
host “a”
       ^
`},

	// Several errors, and none that only follows from another.
	{"tpc port 80 or (udp prot 53 and icpm) or host", `
1:1: unknown protocol "tpc" (did you mean tcp?)
tpc port 80 or (udp prot 53 and icpm) or host
^~~
1:21: expected a qualifier, "and", "or" or ")" after "udp", found "prot" (did you mean port?)
tpc port 80 or (udp prot 53 and icpm) or host
                    ^~~~
1:46: expected a host name or an address after "host", found the end
tpc port 80 or (udp prot 53 and icpm) or host
                                             ^
`},
	{"0:1:2:3:4 and ip", `
1:1: malformed address "0:1:2:3:4" (a MAC address has six groups, an IPv6 address eight or a "::")
0:1:2:3:4 and ip
^~~~~~~~~
`},
	{"port 09 and host 1::256.1.1.1 or ip", `
1:6: number 09 has the digit 9, but its leading 0 makes it octal
port 09 and host 1::256.1.1.1 or ip
     ^~
1:18: malformed IPv6 address "1::256.1.1.1"
port 09 and host 1::256.1.1.1 or ip
                 ^~~~~~~~~~~~
`},
}

// printed returns what PrintError writes, without the indent.
func printed(src string, err error) string {
	var b strings.Builder
	if werr := PrintError(&b, src, err); werr != nil {
		return "write error: " + werr.Error()
	}
	return strings.ReplaceAll("\n"+b.String(), "\n    ", "\n")
}

func TestErrors(t *testing.T) {
	for _, test := range errorCases {
		x, err := Parse(test.src)
		if err == nil || x != nil {
			t.Errorf("%q: %v, %v, want an error and no tree", test.src, x, err)
			continue
		}
		checkErrors(t, test.src, err)
		if got := printed(test.src, err); got != test.want {
			t.Errorf("got:%swant:%s", got, test.want)
		}
	}
}

// What tools read from an error.
func TestErrorFields(t *testing.T) {
	_, err := Parse("ip and\n (udp or tcp prot 22")
	var list ErrorList
	if !errors.As(err, &list) || len(list) != 2 {
		t.Fatalf("errors: %v", err)
	}
	got := fmt.Sprintf("%v %s %q %q %q %q %v %d:%d", list[0].Span, list[0].Code, list[0].Word, list[0].Expected,
		list[0].Suggestion, list[0].Hint, list[0].Partner, list[0].Line, list[0].Col)
	want := `{20 24} unexpected "prot" ["a qualifier" "\"and\"" "\"or\"" "\")\""] "port" "" {8 9} 2:14`
	if got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	got = fmt.Sprintf("%v %s %q %v %d:%d", list[1].Span, list[1].Code, list[1].Word, list[1].Partner, list[1].Line, list[1].Col)
	want = `{27 27} unclosed "" {8 9} 2:21`
	if got != want {
		t.Errorf(" got %s\nwant %s", got, want)
	}
	var one *Error
	if !errors.As(err, &one) || one != list[0] {
		t.Errorf("errors.As gives %v, want the first error", one)
	}
	if want := list[0].Error() + "\n" + list[1].Error(); err.Error() != want {
		t.Errorf("Error() is %q, want %q", err.Error(), want)
	}
}

func TestErrorList(t *testing.T) {
	var list ErrorList
	if err := list.Err(); err != nil {
		t.Errorf("an empty list gives the error %v", err)
	}
	for i := range 2 * MaxErrors {
		list.Add(&Error{Span: Span{Pos(100 - i), Pos(101 - i)}, Msg: "x"})
	}
	if len(list) != MaxErrors {
		t.Errorf("%d errors, want %d", len(list), MaxErrors)
	}
	if err := list.Err(); err.(ErrorList)[0].Pos != list[0].Pos || list[0].Pos > list[1].Pos {
		t.Errorf("the list is not sorted: %v", list)
	}
	if got := (&Error{Msg: "no place"}).Error(); got != "no place" {
		t.Errorf("an error that was not located is %q", got)
	}
}

func TestErrorCap(t *testing.T) {
	for _, src := range []string{
		strings.Repeat("tpc[0] or ", 100) + "ip",
		strings.Repeat("' ", 100),
		strings.Repeat("09 or ", 100),
		strings.Repeat("(ip ip) and ", 100),
		strings.Repeat(") ", 100),
	} {
		_, err := Parse(src)
		if list, ok := err.(ErrorList); !ok || len(list) != MaxErrors {
			t.Errorf("%.20q...: %d errors, want %d", src, len(list), MaxErrors)
		}
	}
}
