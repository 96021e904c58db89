package oracle

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"

	"github.com/gofilter/gofilter/internal/proto"
	"github.com/gofilter/gofilter/linktype"
)

// A View is how libpcap is told that the packets come.
type View string

// The views.
const (
	Live    View = "live"    // neither Linux's metadata nor a savefile
	Linux   View = "linux"   // a live capture on Linux
	Native  View = "native"  // a savefile of this machine's byte order
	Swapped View = "swapped" // a savefile of the other
)

// A Case is a filter with all that it depends on.
type Case struct {
	Seed    uint64
	N       int // number under the seed
	Link    linktype.Type
	View    View
	Snaplen uint32
	Netmask netip.Addr // invalid: unknown
	Expr    string
}

func (c *Case) String() string {
	mask := "unknown"
	if c.Netmask.IsValid() {
		mask = c.Netmask.String()
	}
	return fmt.Sprintf("seed %d case %d: link type %s, view %s, snaplen %d, netmask %s\n\t%s", c.Seed, c.N, c.Link, c.View, c.Snaplen, mask, c.Expr)
}

// An Extent limits what filters are made, for references that know less.
type Extent struct {
	LiveOnly bool // no view but Live
	// Known says which link types are used; nil: all.
	Known func(linktype.Type) bool
	// Words that no filter has in it.
	Without []string
}

// NewCase makes case n of a seed.
func NewCase(seed uint64, n int, extent *Extent) *Case {
	for try := uint64(0); ; try++ {
		g := &generator{rng: rand.New(rand.NewPCG(seed, uint64(n)|try<<40))}
		c := g.newCase(extent)
		if extent.allows(c) {
			c.Seed, c.N = seed, n
			return c
		}
	}
}

func (x *Extent) allows(c *Case) bool {
	if x == nil {
		return true
	}
	if x.Known != nil && !x.Known(c.Link) {
		return false
	}
	for _, w := range x.Without {
		for _, f := range strings.FieldsFunc(c.Expr, isBreak) {
			if f == w {
				return false
			}
		}
	}
	return true
}

// isBreak reports whether a character stands between words.
func isBreak(r rune) bool { return strings.ContainsRune(" ()[]!=<>+*/%^&|:", r) }

// generator makes one filter as a list of words.
type generator struct {
	rng   *rand.Rand
	link  *proto.Link
	view  View
	wild  bool // any word may stand with any other
	depth int
	out   []string
}

var (
	allTypes   = linktype.All()
	knownTypes = func() (known []linktype.Type) {
		for _, l := range proto.Links() {
			known = append(known, l.Type)
		}
		return known
	}()
)

func (g *generator) newCase(extent *Extent) *Case {
	c := &Case{Snaplen: 262144, View: Live}
	switch n := g.rng.IntN(100); {
	case n < 30:
		c.Link = linktype.Ethernet
	case n < 92:
		c.Link = pick(g, knownTypes)
	default:
		c.Link = pick(g, allTypes)
	}
	if extent == nil || !extent.LiveOnly {
		switch n := g.rng.IntN(10); {
		case n < 4:
			c.View = Linux
		case n < 5:
			c.View = Native
		case n < 6:
			c.View = Swapped
		}
	}
	if g.chance(50) {
		c.Netmask = netip.AddrFrom4([4]byte{255, 255, byte(g.rng.Uint32()), 0})
	}
	if g.chance(10) {
		c.Snaplen = 1 + g.rng.Uint32N(1<<18)
	}
	g.link, _ = proto.LinkOf(c.Link)
	g.view = c.View
	g.wild = g.chance(6)
	g.list(1+g.few(4), true)
	if g.chance(4) {
		g.damage()
	}
	c.Expr = g.text()
	return c
}

// Randomness.

func (g *generator) chance(percent int) bool { return g.rng.IntN(100) < percent }

func pick[T any](g *generator, list []T) T { return list[g.rng.IntN(len(list))] }

// few returns 0 to n, small numbers more often.
func (g *generator) few(n int) int { return min(g.rng.IntN(n+1), g.rng.IntN(n+1)) }

func (g *generator) word(words ...string) { g.out = append(g.out, words...) }

// oneOf adds one of the words in a list with spaces.
func (g *generator) oneOf(words string) { g.word(pick(g, strings.Fields(words))) }

// text joins the words. Signs may stand without spaces.
func (g *generator) text() string {
	var b strings.Builder
	tight := g.chance(50)
	for i, w := range g.out {
		if i > 0 && !(tight && (isSign(w) || isSign(g.out[i-1])) && !joins(g.out[i-1], w)) {
			b.WriteByte(' ')
		}
		b.WriteString(w)
	}
	return b.String()
}

func isSign(w string) bool {
	return !strings.ContainsAny(w[:1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789$\\:-")
}

// joins reports whether two words would be read as others without a space.
func joins(a, b string) bool {
	if strings.HasPrefix(a, "\\") {
		return true
	}
	switch a[len(a)-1] {
	case '<', '>', '=', '!', '&', '|':
		return strings.ContainsAny(b[:1], "<>=&|")
	}
	return false
}

// damage changes the words at random.
func (g *generator) damage() {
	for range 1 + g.few(2) {
		at := g.rng.IntN(len(g.out))
		switch g.rng.IntN(5) {
		case 0:
			g.out = append(g.out[:at:at], g.out[at+1:]...)
		case 1:
			g.out = append(g.out[:at:at], append([]string{g.out[at]}, g.out[at:]...)...)
		case 2:
			to := g.rng.IntN(len(g.out))
			g.out[at], g.out[to] = g.out[to], g.out[at]
		default:
			g.out[at] = pick(g, strings.Fields(everyWord))
		}
		if len(g.out) == 0 {
			g.word("ip")
		}
	}
}

const (
	linkWords  = "ether link ppp slip fddi tr wlan"
	etherWords = "ip arp rarp atalk aarp decnet sca lat mopdl moprc ip6 iso stp ipx netbeui"
	ipWords    = "sctp tcp udp ah esp pim icmp igmp igrp vrrp carp icmp6"
	isoWords   = "esis es-is isis is-is clnp l1 l2 iih lsp snp csnp psnp"
	dirWords   = "src dst"
	wlanDirs   = "addr1 address1 addr2 addr3 addr4 address4 ra ta"
	atmWords   = "lane metac bcc oamf4ec oamf4sc sc ilmic oam oamf4 connectmsg metaconnect"
	mtpWords   = "fisu lssu lsu msu hfisu hlssu hmsu"
	mtpFields  = "sio opc dpc sls hsio hopc hdpc hsls"
	pfReasons  = "match bad-offset fragment short normalize memory bad-timestamp congestion ip-option proto-cksum state-mismatch state-insert state-limit src-limit synproxy 0 1 15 255 256 MATCH nosuch"
	pfActions  = "pass accept drop block scrub noscrub nat nonat binat nobinat rdr nordr synproxy-drop Block nosuch"
	wlanTypes  = "mgt management ctl control data Data DATA 0 4 8 0x0c 1 0xf0 beacon"
	wlanSubs   = "assocreq assoc-req assocresp reassocreq reassoc-resp probereq proberesp beacon atim disassoc auth deauth deauthentication bar ba ps-poll rts cts ack cf-end cf-end-ack data data-cf-ack data-cf-poll data-cf-ack-poll null cf-ack cf-poll cf-ack-poll qos-data qos-data-cf-ack qos-data-cf-poll qos-data-cf-ack-poll qos qos-cf-poll qos-cf-ack-poll RTS nosuch"
	llcTypes   = "i s u rr rnr rej ui ua disc dm sabme test xid frmr I RR Xid nosuch"
	constants  = "icmptype icmpcode icmp6type icmp6code tcpflags icmp-echoreply icmp-unreach icmp-sourcequench icmp-redirect icmp-echo icmp-routeradvert icmp-routersolicit icmp-timxceed icmp-paramprob icmp-tstamp icmp-tstampreply icmp-ireq icmp-ireqreply icmp-maskreq icmp-maskreply icmp6-destinationunreach icmp6-packettoobig icmp6-timeexceeded icmp6-parameterproblem icmp6-echo icmp6-echoreply icmp6-multicastlistenerquery icmp6-multicastlistenerreportv1 icmp6-multicastlistenerdone icmp6-routersolicit icmp6-routeradvert icmp6-neighborsolicit icmp6-neighboradvert icmp6-redirect icmp6-routerrenum icmp6-nodeinformationquery icmp6-nodeinformationresponse icmp6-ineighbordiscoverysolicit icmp6-ineighbordiscoveryadvert icmp6-multicastlistenerreportv2 icmp6-homeagentdiscoveryrequest icmp6-homeagentdiscoveryreply icmp6-mobileprefixsolicit icmp6-mobileprefixadvert icmp6-certpathsolicit icmp6-certpathadvert icmp6-multicastrouteradvert icmp6-multicastroutersolicit icmp6-multicastrouterterm tcp-fin tcp-syn tcp-rst tcp-push tcp-ack tcp-urg tcp-ece tcp-cwr"
	protoWords = linkWords + " " + etherWords + " " + ipWords + " " + isoWords + " radio"
	indexWords = "ether link wlan ip arp rarp atalk decnet sca lat mopdl moprc ip6 sctp tcp udp pim icmp igmp igrp vrrp carp icmp6"
	encapWords = "vlan mpls pppoed pppoes geneve vxlan"
	typeWords  = "host net port portrange proto protochain gateway"
	otherWords = "type subtype dir direction less greater byte broadcast multicast and or not len length inbound outbound ifindex llc vpi vci ifname on rset ruleset rnr rulenum srnr subrulenum reason action mask"
	signs      = "( ) [ ] : ! + - * / % ^ & | && || = == != < > <= >= << >>"
	everyWord  = protoWords + " " + dirWords + " " + wlanDirs + " " + atmWords + " " + mtpWords + " " + mtpFields + " " + encapWords + " " + typeWords + " " + otherWords + " " + signs + " 1 80 10.1.2.3 ::1 $1f 00:11:22:33:44:55 oneaddr anyport tcp-syn 2001:db8::/32 eth0 \\tcp 08 4294967296 1.2.3.4.5 ~ ?"
)

// list adds n terms joined by and and or. Behind an id the next may be an id too.
func (g *generator) list(n int, top bool) {
	for i := range n {
		if i > 0 {
			g.oneOf("and and and or or && ||")
		}
		if g.depth < 4 && g.chance(14) {
			g.depth++
			if g.chance(30) {
				g.oneOf("not !")
			}
			g.word("(")
			g.list(1+g.few(3), false)
			g.word(")")
			g.depth--
			continue
		}
		if g.chance(12) {
			g.oneOf("not !")
		}
		g.term()
	}
}

// A choice is one way to go on, taken in proportion to its weight.
type choice struct {
	weight int
	make   func()
}

func (g *generator) choose(list ...choice) {
	sum := 0
	for _, c := range list {
		sum += c.weight
	}
	n := g.rng.IntN(sum)
	for _, c := range list {
		if n -= c.weight; n < 0 {
			c.make()
			return
		}
	}
}

// weight is high where a kind of term has a meaning on the link type, else low.
func weight(ok bool, high int) int {
	if ok {
		return high
	}
	return 0
}

func (g *generator) term() {
	l := g.link
	knows := l.Carries != proto.CarriesNothing || g.wild
	any := func(ok bool, high int) int {
		if g.wild || g.chance(1) {
			return 4
		}
		return weight(ok, high)
	}
	g.choose(
		choice{any(knows, 16), func() { g.oneOf(etherWords + " " + ipWords + " " + isoWords + " " + weighted(g, "radio ether link")) }},
		choice{any(knows, 40), g.qualified},
		choice{any(knows, 24), g.relation},
		choice{10, g.rawRelation},
		choice{4, func() { g.oneOf("less greater"); g.number() }},
		choice{4, func() { g.word("byte"); g.number(); g.oneOf("& | < > ="); g.small() }},
		choice{any(knows, 12), g.encap},
		choice{any(knows && l.Addresses != proto.AddressNone, 5), func() { g.oneOf("ether link"); g.oneOf("broadcast multicast") }},
		choice{any(l.Addresses != proto.AddressNone, 3), func() { g.oneOf("broadcast multicast") }},
		choice{any(knows, 4), func() { g.oneOf("ip ip ip6"); g.oneOf("broadcast multicast multicast") }},
		choice{weight(g.wild, 4), func() { g.oneOf(protoWords); g.oneOf("broadcast multicast") }},
		choice{any(l.Direction != nil || g.view == Linux, 8), func() { g.oneOf("inbound outbound") }},
		choice{weight(g.view == Linux || g.link.Type == linktype.LinuxSLL2 || g.chance(5), 6), func() { g.word("ifindex"); g.number() }},
		choice{any(l.LLC != proto.LLCNone, 12), g.llc},
		choice{any(l.Addresses == proto.AddressWLAN, 24), g.wlan},
		choice{any(l.Type == linktype.PFLog, 24), g.pf},
		choice{any(l.Type == linktype.SunATM, 30), g.atm},
		choice{any(l.SS7 != nil, 40), g.mtp},
	)
}

// weighted is the words in one of ten cases, none else.
func weighted(g *generator, words string) string {
	if g.chance(2) {
		return words
	}
	return ""
}

func (g *generator) llc() {
	g.word("llc")
	if g.chance(70) {
		g.oneOf(llcTypes)
	}
}

func (g *generator) wlan() {
	if g.chance(30) {
		g.oneOf(linkWords + " " + weighted(g, "ip tcp"))
	}
	switch g.rng.IntN(4) {
	case 0:
		g.word("type")
		g.oneOf(wlanTypes)
	case 1:
		typ := pick(g, []string{"mgt", "ctl", "data"})
		subs := map[string]string{
			"mgt": "assocreq beacon auth probe-req deauth disassociation 0x80", "ctl": "rts cts ack ps-poll bar ba cf-end 0xb0",
			"data": "data null qos qos-data cf-ack qos-data-cf-ack-poll 0x40",
		}[typ]
		g.word("type", typ, "subtype")
		g.oneOf(subs)
		if g.chance(10) {
			g.out[len(g.out)-1] = pick(g, strings.Fields(wlanSubs))
		}
	case 2:
		g.word("subtype")
		g.oneOf(wlanSubs)
	case 3:
		g.oneOf("dir direction")
		g.oneOf("nods tods fromds dstods 0 1 2 3 4 TODS nosuch")
	}
}

func (g *generator) pf() {
	switch g.rng.IntN(6) {
	case 0:
		g.oneOf("on ifname")
		g.oneOf("em0 eth0 lo a wlan0.100 interface-fifteen interface-sixteen x1 vlan1 eth1.1")
	case 1:
		g.oneOf("rset ruleset")
		g.oneOf("default r longerruleset anchor1 0a")
	case 2:
		g.oneOf("rnr rulenum")
		g.number()
	case 3:
		g.oneOf("srnr subrulenum")
		g.number()
	case 4:
		g.word("reason")
		g.oneOf(pfReasons)
	case 5:
		g.word("action")
		g.oneOf(pfActions)
	}
}

func (g *generator) atm() {
	if g.chance(50) {
		g.oneOf(atmWords)
		return
	}
	g.oneOf("vpi vci")
	g.fieldValue("0 1 2 5 16 255 256 65535 65536 0x10 010")
}

func (g *generator) mtp() {
	if g.chance(40) {
		g.oneOf(mtpWords)
		return
	}
	field := pick(g, strings.Fields(mtpFields))
	g.word(field)
	if strings.HasSuffix(field, "sls") {
		g.fieldValue("0 1 7 15 16")
	} else {
		g.fieldValue("0 1 2 128 255 256 1000 16383 16384")
	}
}

// fieldValue adds what stands behind vpi, opc and the like.
func (g *generator) fieldValue(values string) {
	switch g.rng.IntN(4) {
	case 0, 1:
		g.oneOf("= == != < > <= >=")
		g.oneOf(values)
	case 2:
		g.oneOf(values)
	case 3:
		g.word("(")
		g.oneOf(values)
		for range g.few(3) {
			g.oneOf("or ||")
			g.oneOf(values)
		}
		g.word(")")
	}
}

func (g *generator) encap() {
	kind := pick(g, strings.Fields("vlan vlan vlan vlan mpls mpls pppoes pppoes pppoed geneve vxlan"))
	if !g.wild && !g.chance(4) {
		if kind == "vlan" && !g.link.VLAN || kind == "mpls" && g.link.MPLS == 0 {
			kind = "pppoes"
		}
	}
	g.word(kind)
	if kind == "pppoed" || g.chance(50) {
		return
	}
	switch kind {
	case "vlan":
		g.oneOf("0 1 100 4094 4095 4096 0x10 (5)")
	case "mpls":
		g.oneOf("0 3 100 100000 1048575 1048576 (7)")
	case "pppoes":
		g.oneOf("0 1 0x27 65535 65536 (9)")
	default:
		g.oneOf("0 1 0xb 16777215 16777216 (9)")
	}
}

// Numbers.

const (
	edges  = "0 1 2 3 4 5 6 7 8 9 12 13 14 15 16 17 20 24 28 31 32 33 40 41 51 58 63 64 96 103 112 127 128 129 132 192 240 254 255 256 257 512 1023 1024 1280 1499 1500 1501 1518 1535 1536 2048 2054 4095 4096 8191 32767 32768 65534 65535 65536 16777215 16777216 2147483647 2147483648 4294967294 4294967295"
	etherN = "0x800 0x806 0x86dd 0x8035 0x8100 0x8847 0x88a8 0x8863 0x8864 0x9100 0x600 0x6003 0x809b 0x80f3 0x8137 0x6558 0x0 0x42 0xaa 0xe0 0xf0 0xfe 0x06 0x5dc 0x5dd 0x21 0x57 0x2b 0x23 0x29 0xfefe 0xffff"
)

func (g *generator) number() {
	switch n := g.rng.IntN(40); {
	case n < 22:
		g.oneOf(edges)
	case n < 26:
		g.word(fmt.Sprintf("0x%x", g.rng.Uint32()>>g.rng.UintN(32)))
	case n < 29:
		g.word(fmt.Sprintf("0%o", g.rng.Uint32()>>g.rng.UintN(32)))
	case n < 32:
		g.word(fmt.Sprint(g.rng.Uint32() >> g.rng.UintN(32)))
	case n < 34:
		g.oneOf(constants)
	case n < 38:
		g.oneOf(etherN)
	case n < 39:
		g.word("(")
		g.number()
		g.word(")")
	default:
		if g.chance(10) {
			g.oneOf("4294967296 08 0x 0x100000000 040000000000")
		} else {
			g.word("0")
		}
	}
}

func (g *generator) small() {
	if g.chance(90) {
		g.oneOf("0 1 2 0x0f 16 0x40 0x7f 0x80 0xf0 255")
	} else {
		g.number()
	}
}

// Qualified ids.

func (g *generator) qualified() {
	if g.wild || g.chance(4) {
		g.anyQualified()
		return
	}
	l := g.link
	wlan := l.Addresses == proto.AddressWLAN
	g.choose(
		choice{20, func() { g.head("ip arp rarp ip6", "host"); g.ids(g.hostID) }},
		choice{14, func() { g.head("ip arp rarp ip6", "net"); g.ids(g.netID) }},
		choice{20, func() { g.head("tcp udp sctp", "port"); g.ids(g.portID) }},
		choice{10, func() { g.head("tcp udp sctp", "portrange"); g.ids(g.rangeID) }},
		choice{12, func() { g.maybe(60, "ip ip6"); g.word("proto"); g.ids(g.protoID) }},
		choice{6, func() { g.oneOf(linkWords); g.word("proto"); g.ids(g.etherTypeID) }},
		choice{3, func() { g.word("iso", "proto"); g.ids(g.isoID) }},
		choice{2, func() { g.oneOf("isis is-is"); g.word("proto"); g.ids(g.small) }},
		choice{2, func() { g.maybe(60, "ip ip6"); g.word("protochain"); g.ids(g.protoID) }},
		choice{weight(l.Addresses == proto.Address48 || wlan, 10), func() {
			g.oneOf(linkWords)
			if wlan && g.chance(50) {
				g.oneOf(wlanDirs)
			} else {
				g.dir()
			}
			if g.chance(70) || strings.Contains(linkWords, g.out[len(g.out)-1]) {
				g.word("host")
			}
			g.ids(g.etherID)
		}},
		choice{weight(l.Addresses == proto.Address8, 10), func() {
			g.oneOf("link ether")
			g.dir()
			g.word("host")
			g.ids(func() { g.oneOf("$0 $1f $ff $A") })
		}},
		choice{2, func() {
			g.maybe(40, "ip arp rarp")
			g.word("gateway")
			g.oneOf("router router sixaddr oneaddr station 10.0.0.1")
		}},
		choice{3, func() {
			g.word("decnet")
			g.dir()
			g.maybe(50, "host")
			g.oneOf("1.1 10.15 63.1023 0.0 1.1024 64.1 1.2.3")
		}},
	)
}

func (g *generator) maybe(percent int, words string) {
	if g.chance(percent) {
		g.oneOf(words)
	}
}

// head adds the qualifiers: proto and direction or not, type nearly always.
func (g *generator) head(protos, typ string) {
	n := len(g.out)
	g.maybe(40, protos)
	g.dir()
	if typ != "host" || g.chance(80) || len(g.out) == n {
		g.word(typ)
	}
}

func (g *generator) dir() {
	switch g.rng.IntN(8) {
	case 0, 1:
		g.word("src")
	case 2, 3:
		g.word("dst")
	case 4:
		g.oneOf("src dst")
		d := g.out[len(g.out)-1]
		g.oneOf("and or && ||")
		if d == "src" {
			g.word("dst")
		} else {
			g.word("src")
		}
	}
}

// ids adds an id or some in parentheses, and perhaps more behind. Few lists are long.
func (g *generator) ids(id func()) {
	if g.chance(4) {
		g.many(id, 4+g.rng.IntN(9))
		return
	}
	switch n := g.rng.IntN(20); {
	case n < 13:
		g.maybe(6, "not !")
		id()
	case n < 17:
		g.word("(")
		g.maybe(6, "not !")
		id()
		for range 1 + g.few(2) {
			g.oneOf("or and ||")
			g.maybe(10, "not !")
			id()
		}
		g.word(")")
	default:
		id()
		for range 1 + g.few(2) {
			g.oneOf("or and ||")
			id()
		}
	}
}

// many adds a list that is nearly all of one connective.
func (g *generator) many(id func(), n int) {
	conn := pick(g, []string{"or", "or", "or", "and not"})
	paren := g.chance(40)
	if paren {
		g.word("(")
	}
	for i := range n {
		switch {
		case i > 0 && g.chance(5):
			g.oneOf("and or")
		case i > 0:
			g.word(strings.Fields(conn)...)
		}
		id()
	}
	if paren {
		g.word(")")
	}
}

func (g *generator) hostID() {
	g.choose(
		choice{12, func() { g.oneOf("10.1.2.3 192.0.2.1 0.0.0.0 255.255.255.255 224.0.0.1 1.2 10.1.2") }},
		choice{6, func() { g.oneOf("::1 2001:db8::5 fe80::1 :: ff02::1 ::ffff:10.1.2.3 2001:db8:0:1:2:3:4:5") }},
		choice{3, func() { g.oneOf(strings.Join(keys(hosts), " ")) }},
		choice{1, func() { g.oneOf("nosuch ROUTER \\host 10.1.2.256 10.1.2.3/24 0x0a010203 10 ::1/64 \\oneaddr") }},
	)
}

func (g *generator) netID() {
	g.choose(
		choice{10, func() { g.oneOf("10 10.1 10.1.2 192.0.2.0 0.0.0.0 127 224 10.0.0.0 0x0a0000 1.2.3.4 0 300") }},
		choice{8, func() {
			g.oneOf("10.0.0.0/8 10.1/16 10/8 192.0.2.0/24 192.0.2.128/25 0.0.0.0/0 224.0.0.0/4 10.1.2.3/32 128.0.0.0/1 192.0.2.128/31 10.1.2/24")
			if g.chance(8) {
				g.out = g.out[:len(g.out)-1]
				g.oneOf("10.1 10 0.0.0.0 10.1.2.3")
				g.word("/")
				g.oneOf("0 1 33 31 4 032 0x10")
			}
		}},
		choice{4, func() {
			g.oneOf("10.0.0.0 10.1 192.0.2.0 0.0.0.0 10.0.2.0")
			g.word("mask")
			g.oneOf("255.255.255.0 255.0.255.0 255.255.255.255 255.255.255.0 255.255.254.0 255.0.3.0")
			if g.chance(15) {
				g.out[len(g.out)-1] = pick(g, []string{"0.0.0.0", "255.255", "128.0.0.0", "255.0.0.0"})
			}
		}},
		choice{5, func() {
			g.oneOf("2001:db8::/32 fe80::/10 ::/0 ff00::/8 2001:db8::8000:0:0:0/65 2001:db8::1/128 2001:db8::/64 8000::/1 fe80::/33")
			if g.chance(8) {
				g.out = g.out[:len(g.out)-1]
				g.oneOf("2001:db8:: fe80:: :: ff00::")
				g.word("/")
				g.oneOf("0 48 129 1 0x20")
			}
		}},
		choice{2, func() { g.oneOf("2001:db8::5 ::") }},
		choice{2, func() { g.oneOf(strings.Join(keys(nets), " ")) }},
		choice{1, func() { g.oneOf("nosuch 10.1.2.3.4 1.2.3.256 ether 1.2.3/33") }},
	)
}

func (g *generator) portID() {
	g.choose(
		choice{12, func() { g.oneOf("0 1 22 53 80 443 8080 65535 0x50 0120 4789 6081") }},
		choice{3, func() { g.oneOf(strings.Join(append(keys(ports["tcp"]), "udpport", "splitport"), " ")) }},
		choice{1, func() { g.oneOf("65536 nosuch 10.1.2.3 70000 \\anyport 80-90 http ::1 4294967295") }},
	)
}

func (g *generator) rangeID() {
	g.choose(
		choice{12, func() { g.oneOf("0-65535 22-80 80-22 1-1 1024-65535 0-0 0x10-0x20 53-0100 0-1") }},
		choice{3, func() { g.oneOf("anyport-tcpport udpport-tcpport 22-tcpport udpport-80 splitport-anyport tcpport-443") }},
		choice{2, func() { g.oneOf("80 65535 anyport") }},
		choice{1, func() { g.oneOf("80-65536 80-90-100 80- 90000-1 nosuch-80 80-nosuch") }},
	)
}

func (g *generator) protoID() {
	g.choose(
		choice{10, func() { g.oneOf("0 1 2 6 17 41 43 44 47 50 51 58 59 60 89 103 112 132 135 255") }},
		choice{5, func() { g.oneOf("\\tcp \\udp \\icmp \\ah \\esp \\sctp ospf gre \\ip \\igmp \\pim \\vrrp 17") }},
		choice{1, func() { g.oneOf("256 nosuch tcp 10.1.2.3 \\ipv6 65536 ::1") }},
	)
}

func (g *generator) etherTypeID() {
	g.choose(
		choice{10, func() { g.oneOf(etherN) }},
		choice{5, func() {
			g.oneOf("\\ip \\ip6 \\arp \\rarp \\atalk \\aarp \\decnet \\lat \\sca \\moprc \\mopdl \\iso \\stp \\ipx \\netbeui loopback lldp slow")
		}},
		choice{2, g.number},
		choice{1, func() { g.oneOf("nosuch \\tcp 0x10000 \\IP") }},
	)
}

func (g *generator) isoID() {
	g.choose(
		choice{5, func() { g.oneOf("\\clnp \\esis \\isis 0x81 0x82 131 0 255") }},
		choice{1, func() { g.oneOf("256 nosuch \\tcp clnp") }},
	)
}

func (g *generator) etherID() {
	g.choose(
		choice{12, func() {
			g.oneOf("00:11:22:33:44:55 ff:ff:ff:ff:ff:ff 0:1:2:3:4:5 00-11-22-33-44-55 0011.2233.4455 001122334455 01:80:c2:00:00:00")
		}},
		choice{3, func() { g.oneOf("router station sixaddr") }},
		choice{1, func() { g.oneOf("nosuch 00:11:22:33:44 oneaddr 10.1.2.3 $1f 00:11:22:33:44:55:66 80") }},
	)
}

// anyQualified puts any qualifiers in front of any id.
func (g *generator) anyQualified() {
	n := len(g.out)
	g.maybe(70, protoWords)
	if g.chance(30) {
		g.dir()
	} else {
		g.maybe(20, wlanDirs)
	}
	g.maybe(70, typeWords)
	if len(g.out) == n {
		g.word("host")
	}
	g.ids(pick(g, []func(){
		g.hostID, g.netID, g.portID, g.rangeID, g.protoID, g.etherTypeID, g.isoID, g.etherID, g.number,
		func() { g.oneOf("$1f 1.1 em0 \\tcp nosuch") },
	}))
}

// Arithmetic.

const relations = "= == != < > <= >="

// relation compares numbers of which one at least is in the packet.
func (g *generator) relation() {
	g.arith(g.few(3), true)
	g.oneOf(relations)
	if g.chance(75) {
		g.number()
	} else {
		g.arith(g.few(2), true)
	}
}

// rawRelation compares what every link type has.
func (g *generator) rawRelation() {
	switch g.rng.IntN(6) {
	case 0:
		g.oneOf("len length")
	case 1:
		g.arith(1+g.few(2), false)
	default:
		g.oneOf(linkWords)
		g.index(0)
		if g.chance(50) {
			g.oneOf("& | + - * / % ^")
			g.operand()
		}
	}
	g.oneOf(relations)
	g.number()
}

// operand adds a number that is a good second operand.
func (g *generator) operand() {
	if g.chance(85) {
		g.oneOf("1 2 3 4 7 8 0x0f 0xf0 15 16 31 0xff 255 0xffff 0 32")
	} else {
		g.number()
	}
}

// arith adds an arithmetic expression with about depth operators.
func (g *generator) arith(depth int, headers bool) {
	if depth <= 0 {
		switch n := g.rng.IntN(20); {
		case n < 13:
			g.access(headers)
		case n < 15:
			g.oneOf("len length")
		default:
			g.operand()
		}
		return
	}
	if g.chance(6) {
		g.word("-")
		g.arith(depth-1, headers)
		return
	}
	paren := g.chance(25)
	if paren {
		g.word("(")
	}
	left := g.rng.IntN(depth)
	g.arith(left, headers)
	g.oneOf("& | + - * / % ^ << >> & +")
	if op := g.out[len(g.out)-1]; (op == "<<" || op == ">>") && g.chance(90) {
		g.oneOf("0 1 2 4 8 15 24 31")
	} else if g.chance(65) {
		g.operand()
	} else {
		g.arith(depth-1-left, headers)
	}
	if paren {
		g.word(")")
	}
}

func (g *generator) access(headers bool) {
	words := linkWords
	if headers {
		words = indexWords
		if g.chance(50) {
			words = "ip ip6 tcp udp icmp ether link arp"
		}
		switch g.link.Type {
		case linktype.IEEE802_11Radiotap, linktype.IEEE802_11AVS, linktype.IEEE802_11Prism:
			if g.chance(15) {
				words = "radio"
			}
		}
	}
	if g.wild && g.chance(20) {
		words = protoWords
	}
	g.oneOf(words)
	g.index(1)
}

// index adds "[...]". depth limits accessors inside accessors.
func (g *generator) index(depth int) {
	g.word("[")
	switch n := g.rng.IntN(20); {
	case n < 13 || depth == 0 && n < 18:
		g.oneOf("0 1 2 4 6 9 12 13 14 16 20 tcpflags icmptype 40 60 1500")
	case n < 14:
		g.number()
	case n < 15:
		g.word("-")
		g.oneOf("1 2 4 14 40 1500")
	default:
		if depth == 0 {
			g.arith(0, false)
		} else {
			g.arith(g.few(2), true)
		}
	}
	if g.chance(50) {
		g.word(":")
		if g.chance(98) {
			g.oneOf("1 2 4")
		} else {
			g.oneOf("3 0 8")
		}
	}
	g.word("]")
}
