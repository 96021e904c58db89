package oracle

import "strings"

// An exception is a kind of difference that is intended, with the reason.
type exception struct {
	name   string
	holds  func(*Difference) bool
	reason string
}

// exceptions are the differences from libpcap 1.11 that are as they should be.
//
// Those of protochain are no rows: packets on which libpcap's loop does not end, steps
// past an AH header (whose length it takes for one from the start of the packet) or past
// more than the eight headers that are followed here are not compared.
var exceptions = []exception{
	{
		"first statement", func(d *Difference) bool {
			return d.Kind == WeAccept && (strings.HasPrefix(d.Plain.Refused, "division by zero") ||
				strings.HasPrefix(d.Plain.Refused, "modulus by zero") || strings.HasPrefix(d.Plain.Refused, "shift by more than 31 bits"))
		},
		"libpcap looks at the first statement of the right operand's code, which may be a constant inside it: \"len / tcp[0]\" is no division by zero",
	},
	{
		"constant zero divisor", func(d *Difference) bool {
			return d.Kind == WeRefuse && d.Plain.OK() && !d.Opt.OK() && (d.Opt.Refused == "division by zero" || d.Opt.Refused == "modulus by zero")
		},
		"a divisor that is computed to be zero is found by libpcap's optimizer only, here always",
	},
	{
		"unwritten scratch memory", func(d *Difference) bool { return d.Packet != nil && d.run.unwritten },
		"libpcap computes the length of a variable-length header into the register of the innermost link header; inside an encapsulation the outer one is then read without being written",
	},
	{
		"wrapped constant index", func(d *Difference) bool { return d.Packet != nil && d.run.wrapped },
		"an index such as \"ether[-1]\" is an offset that wraps in libpcap's optimized program and one past any packet in its plain one",
	},
	{
		"metadata behind an encapsulation", func(d *Difference) bool { return d.Packet != nil && d.run.extension },
		"libpcap adds the place of the inner link header to the number of the metadatum",
	},
}

// Explain returns the name of the exception that covers d, or "".
func Explain(d *Difference) string {
	for i := range exceptions {
		if exceptions[i].holds(d) {
			return exceptions[i].name
		}
	}
	return ""
}
