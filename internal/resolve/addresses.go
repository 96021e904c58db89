package resolve

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/gofilter/gofilter/expr"
	"github.com/gofilter/gofilter/internal/pred"
)

// suggest notes an error with what was probably meant.
func (r *resolver) suggest(at expr.Span, msg, meant string) pred.Pred {
	n := len(r.errs)
	r.fail(at, "%s", msg)
	if len(r.errs) > n {
		r.errs[n].Suggestion = meant
	}
	return invalid
}

// shiftNet makes an address and mask of a network number with its leading zero
// bytes left out: 10 is 10.0.0.0/8.
func shiftNet(n uint32) pred.Addr4 {
	a := pred.Addr4{Addr: n, Mask: ^uint32(0)}
	for a.Addr != 0 && a.Addr>>24 == 0 {
		a.Addr <<= 8
		a.Mask <<= 8
	}
	return a
}

// dotted reads one to four decimal parts joined by dots: the value, flush right,
// and its length in bits.
func dotted(s string) (v uint32, bits uint, ok bool) {
	for _, part := range strings.Split(s, ".") {
		n := uint32(0)
		for _, c := range []byte(part) {
			if c < '0' || c > '9' || n > 25 {
				return 0, 0, false
			}
			n = n*10 + uint32(c-'0')
		}
		if n > 255 {
			return 0, 0, false
		}
		v = v<<8 | n
		bits += 8
	}
	return v, bits, bits <= 32
}

// flush moves a value of so many bits to the left end of a word.
func flush(v uint32, bits uint) uint32 { return uint32(uint64(v) << (32 - bits)) }

func (r *resolver) dotted(s string, at expr.Span) (v uint32, bits uint, ok bool) {
	if v, bits, ok = dotted(s); !ok {
		r.fail(at, "invalid IPv4 address %q", s)
	}
	return
}

// addr4 resolves an IPv4 address, possibly with its last parts left out.
func (r *resolver) addr4(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNone, expr.TypeHost, expr.TypeNet:
	default:
		return r.misfit(e, q, "an IPv4 address")
	}
	v, bits, ok := r.dotted(e.Text, e.At)
	if !ok {
		return invalid
	}
	if q.proto == expr.ProtoLink {
		return r.fail(e.At, "%s is not a link-layer address; it has six bytes, such as 00:11:22:33:44:55", quote(e))
	}
	a := pred.Addr4{Addr: flush(v, bits), Mask: flush(^uint32(0), bits)}
	return r.host4([]pred.Addr4{a}, false, q, e.At, at)
}

// net4 resolves an IPv4 network with a prefix length or a mask.
func (r *resolver) net4(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	form := "an IPv4 address and prefix length"
	if e.Kind == expr.IDMask4 {
		form = "an IPv4 address and netmask"
	}
	if q.typ != expr.TypeNet && q.typ != expr.TypeNone && q.typ != expr.TypeHost {
		return r.misfit(e, q, form)
	}
	text, _, _ := strings.Cut(e.Text, "/")
	v, bits, ok := r.dotted(text, e.At)
	if !ok {
		return invalid
	}
	var mask uint32
	if e.Kind == expr.IDMask4 {
		m, mbits, ok := r.dotted(e.Mask, e.At)
		if !ok {
			return invalid
		}
		mask = flush(m, mbits)
	} else {
		if !r.atMost("prefix length", e.Num, 32, e.At) {
			return invalid
		}
		mask = flush(^uint32(0)>>(32-e.Num), uint(e.Num))
	}
	a := pred.Addr4{Addr: flush(v, bits), Mask: mask}
	if a.Addr&^a.Mask != 0 {
		n := a.Addr & a.Mask
		prefix := fmt.Sprintf("net %d.%d.%d.%d", n>>24, n>>16&0xff, n>>8&0xff, n&0xff)
		if e.Kind == expr.IDMask4 {
			prefix += " mask " + e.Mask
		} else {
			prefix += fmt.Sprintf("/%d", e.Num)
		}
		return r.suggest(e.At, "address has bits set behind its prefix", prefix)
	}
	if q.typ != expr.TypeNet {
		return r.fail(e.At, "a prefix or mask makes a network; write \"net\" in front of it")
	}
	return r.host4([]pred.Addr4{a}, false, q, e.At, at)
}

// net6 resolves an IPv6 address or network.
func (r *resolver) net6(e *expr.ID, q quals, at *pred.Layers) pred.Pred {
	switch q.typ {
	case expr.TypeNone, expr.TypeHost, expr.TypeNet:
	default:
		return r.misfit(e, q, "an IPv6 address")
	}
	text, _, _ := strings.Cut(e.Text, "/")
	addr, err := netip.ParseAddr(text)
	if err != nil || !addr.Is6() {
		return r.fail(e.At, "invalid IPv6 address %q", text)
	}
	length := uint32(128)
	if e.Kind == expr.IDPrefix6 {
		length = e.Num
	}
	if !r.atMost("prefix length", length, 128, e.At) {
		return invalid
	}
	a := pred.Addr6{Addr: words(addr)}
	for i := range a.Mask {
		n := min(max(int(length)-32*i, 0), 32)
		a.Mask[i] = flush(^uint32(0)>>(32-n), uint(n))
		if a.Addr[i]&^a.Mask[i] != 0 {
			prefix, _ := addr.Prefix(int(length))
			return r.suggest(e.At, "address has bits set behind its prefix", "net "+prefix.String())
		}
	}
	if q.typ != expr.TypeNet && length != 128 {
		return r.fail(e.At, "a prefix or mask makes a network; write \"net\" in front of it")
	}
	return r.host6([]pred.Addr6{a}, false, q, e.At, at)
}

// words splits an IPv6 address into four words.
func words(a netip.Addr) (w [4]uint32) {
	b := a.As16()
	for i := range w {
		w[i] = uint32(b[4*i])<<24 | uint32(b[4*i+1])<<16 | uint32(b[4*i+2])<<8 | uint32(b[4*i+3])
	}
	return w
}
