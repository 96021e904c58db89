package expr

// token is a word or sign of the source text with its place.
type token struct {
	kind     tokenKind
	val      uint8 // keyword or operator: the value of the enumeration that kind implies; tokLParen: a want
	escaped  bool  // tokID: written with a backslash
	refused  bool  // the scanner reported it, or the text directly in front of it
	pos, end Pos
	num      uint32 // tokNumber: its value
}

func (t *token) span() Span { return Span{t.pos, t.end} }

// tokenKind is a class of tokens that the grammar does not tell apart.
type tokenKind uint8

const (
	tokEOF       tokenKind = iota
	tokID                  // a name
	tokNumber              // a number or a named constant
	tokAddr4               // two to four numbers with dots
	tokAddr6               // an IPv6 address
	tokMAC48               // a MAC-48 address
	tokMAC8                // "$" with one or two hex digits
	tokProto               // val is a Proto
	tokSrc                 // "src"
	tokDst                 // "dst"
	tokDir                 // another direction; val is a Dir
	tokType                // "host", "net", "port", "portrange"; val is a Type
	tokProtoType           // "proto", "protochain"; val is a Type
	tokGateway             // "gateway"
	tokMask                // "mask"
	tokWLANType            // "type"
	tokSubtype             // "subtype"
	tokWLANDir             // "dir", "direction"
	tokLength              // "less", "greater"; val is 1 for greater
	tokByte                // "byte"
	tokCast                // "broadcast", "multicast"; val is 1 for multicast
	tokAnd                 // "and", "&&"
	tokOr                  // "or", "||"
	tokNot                 // "not", "!"
	tokLen                 // "len", "length"
	tokDirection           // "inbound", "outbound"; val is 1 for outbound
	tokIfindex             // "ifindex"
	tokEncap               // val is an EncapKind
	tokLLC                 // "llc"
	tokATM                 // val is an ATMKind
	tokMTP2                // val is an MTP2Kind
	tokField               // val is a Field
	tokPF                  // val is a PFField
	tokRel                 // a comparison; val is an Op
	tokArith               // an arithmetic operator; val is an Op
	tokLParen              // "("
	tokRParen              // ")"
	tokLBrack              // "["
	tokRBrack              // "]"
	tokColon               // ":"
)

// A keyword is a row of the table of reserved words. Words are case-sensitive.
type keyword struct {
	word string
	kind tokenKind
	val  uint8
	num  uint32
}

// keywords are the reserved words of pcap-filter(7), as of libpcap 1.11. The first
// word of each kind and value is the one that Format prints.
var keywords = [...]keyword{
	{word: "dst", kind: tokDst},
	{word: "src", kind: tokSrc},

	{word: "ether", kind: tokProto, val: uint8(ProtoLink)},
	{word: "link", kind: tokProto, val: uint8(ProtoLink)},
	{word: "ppp", kind: tokProto, val: uint8(ProtoLink)},
	{word: "slip", kind: tokProto, val: uint8(ProtoLink)},
	{word: "fddi", kind: tokProto, val: uint8(ProtoLink)},
	{word: "tr", kind: tokProto, val: uint8(ProtoLink)},
	{word: "wlan", kind: tokProto, val: uint8(ProtoLink)},
	{word: "arp", kind: tokProto, val: uint8(ProtoARP)},
	{word: "rarp", kind: tokProto, val: uint8(ProtoRARP)},
	{word: "ip", kind: tokProto, val: uint8(ProtoIP)},
	{word: "sctp", kind: tokProto, val: uint8(ProtoSCTP)},
	{word: "tcp", kind: tokProto, val: uint8(ProtoTCP)},
	{word: "udp", kind: tokProto, val: uint8(ProtoUDP)},
	{word: "icmp", kind: tokProto, val: uint8(ProtoICMP)},
	{word: "igmp", kind: tokProto, val: uint8(ProtoIGMP)},
	{word: "igrp", kind: tokProto, val: uint8(ProtoIGRP)},
	{word: "pim", kind: tokProto, val: uint8(ProtoPIM)},
	{word: "vrrp", kind: tokProto, val: uint8(ProtoVRRP)},
	{word: "carp", kind: tokProto, val: uint8(ProtoCARP)},
	{word: "radio", kind: tokProto, val: uint8(ProtoRadio)},
	{word: "ip6", kind: tokProto, val: uint8(ProtoIP6)},
	{word: "icmp6", kind: tokProto, val: uint8(ProtoICMP6)},
	{word: "ah", kind: tokProto, val: uint8(ProtoAH)},
	{word: "esp", kind: tokProto, val: uint8(ProtoESP)},
	{word: "atalk", kind: tokProto, val: uint8(ProtoAtalk)},
	{word: "aarp", kind: tokProto, val: uint8(ProtoAARP)},
	{word: "decnet", kind: tokProto, val: uint8(ProtoDECnet)},
	{word: "lat", kind: tokProto, val: uint8(ProtoLAT)},
	{word: "sca", kind: tokProto, val: uint8(ProtoSCA)},
	{word: "moprc", kind: tokProto, val: uint8(ProtoMOPRC)},
	{word: "mopdl", kind: tokProto, val: uint8(ProtoMOPDL)},
	{word: "iso", kind: tokProto, val: uint8(ProtoISO)},
	{word: "esis", kind: tokProto, val: uint8(ProtoESIS)},
	{word: "es-is", kind: tokProto, val: uint8(ProtoESIS)},
	{word: "isis", kind: tokProto, val: uint8(ProtoISIS)},
	{word: "is-is", kind: tokProto, val: uint8(ProtoISIS)},
	{word: "l1", kind: tokProto, val: uint8(ProtoL1)},
	{word: "l2", kind: tokProto, val: uint8(ProtoL2)},
	{word: "iih", kind: tokProto, val: uint8(ProtoIIH)},
	{word: "lsp", kind: tokProto, val: uint8(ProtoLSP)},
	{word: "snp", kind: tokProto, val: uint8(ProtoSNP)},
	{word: "csnp", kind: tokProto, val: uint8(ProtoCSNP)},
	{word: "psnp", kind: tokProto, val: uint8(ProtoPSNP)},
	{word: "clnp", kind: tokProto, val: uint8(ProtoCLNP)},
	{word: "stp", kind: tokProto, val: uint8(ProtoSTP)},
	{word: "ipx", kind: tokProto, val: uint8(ProtoIPX)},
	{word: "netbeui", kind: tokProto, val: uint8(ProtoNetBEUI)},

	{word: "host", kind: tokType, val: uint8(TypeHost)},
	{word: "net", kind: tokType, val: uint8(TypeNet)},
	{word: "port", kind: tokType, val: uint8(TypePort)},
	{word: "portrange", kind: tokType, val: uint8(TypePortrange)},
	{word: "proto", kind: tokProtoType, val: uint8(TypeProto)},
	{word: "protochain", kind: tokProtoType, val: uint8(TypeProtochain)},
	{word: "gateway", kind: tokGateway, val: uint8(TypeGateway)},
	{word: "mask", kind: tokMask},

	{word: "type", kind: tokWLANType},
	{word: "subtype", kind: tokSubtype},
	{word: "dir", kind: tokWLANDir},
	{word: "direction", kind: tokWLANDir},
	{word: "addr1", kind: tokDir, val: uint8(DirAddr1)},
	{word: "address1", kind: tokDir, val: uint8(DirAddr1)},
	{word: "addr2", kind: tokDir, val: uint8(DirAddr2)},
	{word: "address2", kind: tokDir, val: uint8(DirAddr2)},
	{word: "addr3", kind: tokDir, val: uint8(DirAddr3)},
	{word: "address3", kind: tokDir, val: uint8(DirAddr3)},
	{word: "addr4", kind: tokDir, val: uint8(DirAddr4)},
	{word: "address4", kind: tokDir, val: uint8(DirAddr4)},
	{word: "ra", kind: tokDir, val: uint8(DirRA)},
	{word: "ta", kind: tokDir, val: uint8(DirTA)},

	{word: "less", kind: tokLength, val: 0},
	{word: "greater", kind: tokLength, val: 1},
	{word: "byte", kind: tokByte},
	{word: "broadcast", kind: tokCast, val: 0},
	{word: "multicast", kind: tokCast, val: 1},
	{word: "and", kind: tokAnd, val: uint8(And)},
	{word: "or", kind: tokOr, val: uint8(Or)},
	{word: "not", kind: tokNot},
	{word: "len", kind: tokLen},
	{word: "length", kind: tokLen},
	{word: "inbound", kind: tokDirection, val: 0},
	{word: "outbound", kind: tokDirection, val: 1},
	{word: "ifindex", kind: tokIfindex},

	{word: "vlan", kind: tokEncap, val: uint8(EncapVLAN)},
	{word: "mpls", kind: tokEncap, val: uint8(EncapMPLS)},
	{word: "pppoed", kind: tokEncap, val: uint8(EncapPPPoED)},
	{word: "pppoes", kind: tokEncap, val: uint8(EncapPPPoES)},
	{word: "geneve", kind: tokEncap, val: uint8(EncapGeneve)},
	{word: "vxlan", kind: tokEncap, val: uint8(EncapVXLAN)},

	{word: "llc", kind: tokLLC},
	{word: "lane", kind: tokATM, val: uint8(ATMLane)},
	{word: "metac", kind: tokATM, val: uint8(ATMMetac)},
	{word: "bcc", kind: tokATM, val: uint8(ATMBcc)},
	{word: "oam", kind: tokATM, val: uint8(ATMOam)},
	{word: "oamf4", kind: tokATM, val: uint8(ATMOamF4)},
	{word: "oamf4ec", kind: tokATM, val: uint8(ATMOamF4EC)},
	{word: "oamf4sc", kind: tokATM, val: uint8(ATMOamF4SC)},
	{word: "sc", kind: tokATM, val: uint8(ATMSc)},
	{word: "ilmic", kind: tokATM, val: uint8(ATMIlmic)},
	{word: "connectmsg", kind: tokATM, val: uint8(ATMConnectmsg)},
	{word: "metaconnect", kind: tokATM, val: uint8(ATMMetaconnect)},
	{word: "vpi", kind: tokField, val: uint8(FieldVPI)},
	{word: "vci", kind: tokField, val: uint8(FieldVCI)},

	{word: "ifname", kind: tokPF, val: uint8(PFIfname)},
	{word: "on", kind: tokPF, val: uint8(PFIfname)},
	{word: "ruleset", kind: tokPF, val: uint8(PFRuleset)},
	{word: "rset", kind: tokPF, val: uint8(PFRuleset)},
	{word: "rulenum", kind: tokPF, val: uint8(PFRulenum)},
	{word: "rnr", kind: tokPF, val: uint8(PFRulenum)},
	{word: "subrulenum", kind: tokPF, val: uint8(PFSubrulenum)},
	{word: "srnr", kind: tokPF, val: uint8(PFSubrulenum)},
	{word: "reason", kind: tokPF, val: uint8(PFReason)},
	{word: "action", kind: tokPF, val: uint8(PFAction)},

	{word: "fisu", kind: tokMTP2, val: uint8(MTP2FISU)},
	{word: "lssu", kind: tokMTP2, val: uint8(MTP2LSSU)},
	{word: "lsu", kind: tokMTP2, val: uint8(MTP2LSSU)},
	{word: "msu", kind: tokMTP2, val: uint8(MTP2MSU)},
	{word: "hfisu", kind: tokMTP2, val: uint8(MTP2HFISU)},
	{word: "hlssu", kind: tokMTP2, val: uint8(MTP2HLSSU)},
	{word: "hmsu", kind: tokMTP2, val: uint8(MTP2HMSU)},
	{word: "sio", kind: tokField, val: uint8(FieldSIO)},
	{word: "opc", kind: tokField, val: uint8(FieldOPC)},
	{word: "dpc", kind: tokField, val: uint8(FieldDPC)},
	{word: "sls", kind: tokField, val: uint8(FieldSLS)},
	{word: "hsio", kind: tokField, val: uint8(FieldHSIO)},
	{word: "hopc", kind: tokField, val: uint8(FieldHOPC)},
	{word: "hdpc", kind: tokField, val: uint8(FieldHDPC)},
	{word: "hsls", kind: tokField, val: uint8(FieldHSLS)},

	// Named constants. The first of each group are offsets in the header.
	{word: "icmptype", kind: tokNumber, num: 0},
	{word: "icmpcode", kind: tokNumber, num: 1},
	{word: "icmp-echoreply", kind: tokNumber, num: 0},
	{word: "icmp-unreach", kind: tokNumber, num: 3},
	{word: "icmp-sourcequench", kind: tokNumber, num: 4},
	{word: "icmp-redirect", kind: tokNumber, num: 5},
	{word: "icmp-echo", kind: tokNumber, num: 8},
	{word: "icmp-routeradvert", kind: tokNumber, num: 9},
	{word: "icmp-routersolicit", kind: tokNumber, num: 10},
	{word: "icmp-timxceed", kind: tokNumber, num: 11},
	{word: "icmp-paramprob", kind: tokNumber, num: 12},
	{word: "icmp-tstamp", kind: tokNumber, num: 13},
	{word: "icmp-tstampreply", kind: tokNumber, num: 14},
	{word: "icmp-ireq", kind: tokNumber, num: 15},
	{word: "icmp-ireqreply", kind: tokNumber, num: 16},
	{word: "icmp-maskreq", kind: tokNumber, num: 17},
	{word: "icmp-maskreply", kind: tokNumber, num: 18},

	{word: "icmp6type", kind: tokNumber, num: 0},
	{word: "icmp6code", kind: tokNumber, num: 1},
	{word: "icmp6-destinationunreach", kind: tokNumber, num: 1},
	{word: "icmp6-packettoobig", kind: tokNumber, num: 2},
	{word: "icmp6-timeexceeded", kind: tokNumber, num: 3},
	{word: "icmp6-parameterproblem", kind: tokNumber, num: 4},
	{word: "icmp6-echo", kind: tokNumber, num: 128},
	{word: "icmp6-echoreply", kind: tokNumber, num: 129},
	{word: "icmp6-multicastlistenerquery", kind: tokNumber, num: 130},
	{word: "icmp6-multicastlistenerreportv1", kind: tokNumber, num: 131},
	{word: "icmp6-multicastlistenerdone", kind: tokNumber, num: 132},
	{word: "icmp6-routersolicit", kind: tokNumber, num: 133},
	{word: "icmp6-routeradvert", kind: tokNumber, num: 134},
	{word: "icmp6-neighborsolicit", kind: tokNumber, num: 135},
	{word: "icmp6-neighboradvert", kind: tokNumber, num: 136},
	{word: "icmp6-redirect", kind: tokNumber, num: 137},
	{word: "icmp6-routerrenum", kind: tokNumber, num: 138},
	{word: "icmp6-nodeinformationquery", kind: tokNumber, num: 139},
	{word: "icmp6-nodeinformationresponse", kind: tokNumber, num: 140},
	{word: "icmp6-ineighbordiscoverysolicit", kind: tokNumber, num: 141},
	{word: "icmp6-ineighbordiscoveryadvert", kind: tokNumber, num: 142},
	{word: "icmp6-multicastlistenerreportv2", kind: tokNumber, num: 143},
	{word: "icmp6-homeagentdiscoveryrequest", kind: tokNumber, num: 144},
	{word: "icmp6-homeagentdiscoveryreply", kind: tokNumber, num: 145},
	{word: "icmp6-mobileprefixsolicit", kind: tokNumber, num: 146},
	{word: "icmp6-mobileprefixadvert", kind: tokNumber, num: 147},
	{word: "icmp6-certpathsolicit", kind: tokNumber, num: 148},
	{word: "icmp6-certpathadvert", kind: tokNumber, num: 149},
	{word: "icmp6-multicastrouteradvert", kind: tokNumber, num: 151},
	{word: "icmp6-multicastroutersolicit", kind: tokNumber, num: 152},
	{word: "icmp6-multicastrouterterm", kind: tokNumber, num: 153},

	{word: "tcpflags", kind: tokNumber, num: 13},
	{word: "tcp-fin", kind: tokNumber, num: 0x01},
	{word: "tcp-syn", kind: tokNumber, num: 0x02},
	{word: "tcp-rst", kind: tokNumber, num: 0x04},
	{word: "tcp-push", kind: tokNumber, num: 0x08},
	{word: "tcp-ack", kind: tokNumber, num: 0x10},
	{word: "tcp-urg", kind: tokNumber, num: 0x20},
	{word: "tcp-ece", kind: tokNumber, num: 0x40},
	{word: "tcp-cwr", kind: tokNumber, num: 0x80},
}

// keywordIndex finds a row of keywords by its word.
var keywordIndex = func() map[string]*keyword {
	index := make(map[string]*keyword, len(keywords))
	for i := range keywords {
		index[keywords[i].word] = &keywords[i]
	}
	return index
}()
