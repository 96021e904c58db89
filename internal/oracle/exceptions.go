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
			return d.Kind == WeAccept && isArithmetic(d.Plain.Refused)
		},
		"libpcap looks at the first statement of the right operand's code, which may be a constant inside it: \"len / tcp[0]\" is no division by zero",
	},
	{
		"computed shift or divisor", func(d *Difference) bool {
			return d.Kind == WeAccept && d.Plain.OK() && isArithmetic(d.Opt.Refused)
		},
		"a shift by a computed count past 31 is 0, and a division by what turns out to be zero rejects; libpcap's optimizer refuses those that it comes across",
	},
	{
		"computed divisor", func(d *Difference) bool {
			return d.Kind == WeRefuse && d.Plain.OK() && strings.HasSuffix(d.Err.Error(), "by zero")
		},
		"a divisor that is computed to be zero is found by libpcap's optimizer, where it comes across one; here always",
	},
	{
		"optimizer fails", func(d *Difference) bool {
			return d.Kind == WeAccept && d.Plain.OK() && strings.HasPrefix(d.Opt.Refused, "no destination found for block-local relative jump")
		},
		"libpcap's optimizer takes an instruction away that a jump inside a block leads to",
	},
	{
		"unwritten scratch memory", func(d *Difference) bool { return d.Packet != nil && d.run.unwritten },
		"libpcap computes the length of a variable-length header into the register of the innermost link header; inside an encapsulation the outer one is then read without being written",
	},
	{
		"clobbered scratch memory", func(d *Difference) bool {
			return d.Packet != nil && d.run.clobbered
		},
		"the word that holds the variable part of an offset was given to arithmetic before in the text, which overwrites it; see blocks",
	},
	{
		"wrapped constant index", func(d *Difference) bool { return d.Packet != nil && d.run.wrapped },
		"an index such as \"ether[-1]\" is an offset that wraps in libpcap's optimized program and one past any packet in its plain one",
	},
	{
		"division left out", func(d *Difference) bool { return d.Kind == OptWrong && d.Ours != 0 && d.run.divided },
		"the passes leave out what does not matter to the verdict, a division that would reject the packet too",
	},
	{
		"metadata at a displaced link header", func(d *Difference) bool { return d.Packet != nil && d.run.extension },
		"libpcap adds the place of the link header, where that is not the start of the packet, to the number of the metadatum",
	},
}

// isArithmetic reports whether libpcap refused a filter for its arithmetic.
func isArithmetic(refused string) bool {
	switch refused {
	case "division by zero", "modulus by zero", "shift by more than 31 bits":
		return true
	}
	return false
}

// Explain returns the name of the exception that covers d, or "". old says that the
// reference is libpcap 1.10.
func Explain(d *Difference, old bool) string {
	list := exceptions
	if old {
		list = append(versions[:len(versions):len(versions)], exceptions...)
	}
	for i := range list {
		if list[i].holds(d) {
			return list[i].name
		}
	}
	return ""
}
