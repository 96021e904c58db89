package expr

import "strconv"

// Op is an operator. And and Or serve both for primitives ("and", "or") and for
// numbers ("&", "|"); the node says which.
type Op uint8

// The operators.
const (
	OpInvalid Op = iota
	And          // "and", "&&" between primitives; "&" between numbers
	Or           // "or", "||" between primitives; "|" between numbers
	Gt           // ">"
	Ge           // ">="
	Eq           // "=", "=="
	Le           // "<="
	Lt           // "<"
	Ne           // "!="
	Add          // "+"
	Sub          // "-"
	Mul          // "*"
	Div          // "/"
	Mod          // "%"
	Xor          // "^"
	Lsh          // "<<"
	Rsh          // ">>"
)

var opNames = [...]string{
	OpInvalid: "invalid",
	And:       "and",
	Or:        "or",
	Gt:        ">",
	Ge:        ">=",
	Eq:        "=",
	Le:        "<=",
	Lt:        "<",
	Ne:        "!=",
	Add:       "+",
	Sub:       "-",
	Mul:       "*",
	Div:       "/",
	Mod:       "%",
	Xor:       "^",
	Lsh:       "<<",
	Rsh:       ">>",
}

// String returns the operator as it stands between primitives: And is "and".
func (op Op) String() string { return name(opNames[:], "Op", int(op)) }

// Symbol returns the operator as it stands between numbers: And is "&".
func (op Op) Symbol() string {
	switch op {
	case And:
		return "&"
	case Or:
		return "|"
	}
	return op.String()
}

// Proto is a protocol keyword.
type Proto uint8

// The protocols, in the order of pcap-filter(7)'s grammar.
const (
	ProtoNone    Proto = iota // omitted
	ProtoLink                 // "ether" and its other names: link, ppp, slip, fddi, tr, wlan
	ProtoIP                   // "ip"
	ProtoARP                  // "arp"
	ProtoRARP                 // "rarp"
	ProtoSCTP                 // "sctp"
	ProtoTCP                  // "tcp"
	ProtoUDP                  // "udp"
	ProtoICMP                 // "icmp"
	ProtoIGMP                 // "igmp"
	ProtoIGRP                 // "igrp"
	ProtoPIM                  // "pim"
	ProtoVRRP                 // "vrrp"
	ProtoCARP                 // "carp"
	ProtoAtalk                // "atalk"
	ProtoAARP                 // "aarp"
	ProtoDECnet               // "decnet"
	ProtoLAT                  // "lat"
	ProtoSCA                  // "sca"
	ProtoMOPDL                // "mopdl"
	ProtoMOPRC                // "moprc"
	ProtoIP6                  // "ip6"
	ProtoICMP6                // "icmp6"
	ProtoAH                   // "ah"
	ProtoESP                  // "esp"
	ProtoISO                  // "iso"
	ProtoESIS                 // "esis", "es-is"
	ProtoISIS                 // "isis", "is-is"
	ProtoL1                   // "l1", IS-IS level 1
	ProtoL2                   // "l2", IS-IS level 2
	ProtoIIH                  // "iih"
	ProtoLSP                  // "lsp"
	ProtoSNP                  // "snp"
	ProtoPSNP                 // "psnp"
	ProtoCSNP                 // "csnp"
	ProtoCLNP                 // "clnp"
	ProtoSTP                  // "stp"
	ProtoIPX                  // "ipx"
	ProtoNetBEUI              // "netbeui"
	ProtoRadio                // "radio", the radio header in front of an 802.11 frame
)

var protoNames = [...]string{
	ProtoNone:    "",
	ProtoLink:    "ether",
	ProtoIP:      "ip",
	ProtoARP:     "arp",
	ProtoRARP:    "rarp",
	ProtoSCTP:    "sctp",
	ProtoTCP:     "tcp",
	ProtoUDP:     "udp",
	ProtoICMP:    "icmp",
	ProtoIGMP:    "igmp",
	ProtoIGRP:    "igrp",
	ProtoPIM:     "pim",
	ProtoVRRP:    "vrrp",
	ProtoCARP:    "carp",
	ProtoAtalk:   "atalk",
	ProtoAARP:    "aarp",
	ProtoDECnet:  "decnet",
	ProtoLAT:     "lat",
	ProtoSCA:     "sca",
	ProtoMOPDL:   "mopdl",
	ProtoMOPRC:   "moprc",
	ProtoIP6:     "ip6",
	ProtoICMP6:   "icmp6",
	ProtoAH:      "ah",
	ProtoESP:     "esp",
	ProtoISO:     "iso",
	ProtoESIS:    "esis",
	ProtoISIS:    "isis",
	ProtoL1:      "l1",
	ProtoL2:      "l2",
	ProtoIIH:     "iih",
	ProtoLSP:     "lsp",
	ProtoSNP:     "snp",
	ProtoPSNP:    "psnp",
	ProtoCSNP:    "csnp",
	ProtoCLNP:    "clnp",
	ProtoSTP:     "stp",
	ProtoIPX:     "ipx",
	ProtoNetBEUI: "netbeui",
	ProtoRadio:   "radio",
}

// String returns the keyword, empty for ProtoNone.
func (p Proto) String() string { return name(protoNames[:], "Proto", int(p)) }

// Dir is a direction qualifier.
type Dir uint8

// The directions. The last six are positions of an address in an 802.11 header.
const (
	DirNone      Dir = iota // omitted
	DirSrc                  // "src"
	DirDst                  // "dst"
	DirSrcOrDst             // "src or dst", "dst or src"
	DirSrcAndDst            // "src and dst", "dst and src"
	DirAddr1                // "addr1", "address1"
	DirAddr2                // "addr2", "address2"
	DirAddr3                // "addr3", "address3"
	DirAddr4                // "addr4", "address4"
	DirRA                   // "ra", receiver address
	DirTA                   // "ta", transmitter address
)

var dirNames = [...]string{
	DirNone:      "",
	DirSrc:       "src",
	DirDst:       "dst",
	DirSrcOrDst:  "src or dst",
	DirSrcAndDst: "src and dst",
	DirAddr1:     "addr1",
	DirAddr2:     "addr2",
	DirAddr3:     "addr3",
	DirAddr4:     "addr4",
	DirRA:        "ra",
	DirTA:        "ta",
}

// String returns the keyword or keywords, empty for DirNone.
func (d Dir) String() string { return name(dirNames[:], "Dir", int(d)) }

// Type is the qualifier that says what kind of thing an id is.
type Type uint8

// The types.
const (
	TypeNone       Type = iota // omitted
	TypeHost                   // "host"
	TypeNet                    // "net"
	TypePort                   // "port"
	TypePortrange              // "portrange"
	TypeProto                  // "proto"
	TypeProtochain             // "protochain"
	TypeGateway                // "gateway"
)

var typeNames = [...]string{
	TypeNone:       "",
	TypeHost:       "host",
	TypeNet:        "net",
	TypePort:       "port",
	TypePortrange:  "portrange",
	TypeProto:      "proto",
	TypeProtochain: "protochain",
	TypeGateway:    "gateway",
}

// String returns the keyword, empty for TypeNone.
func (t Type) String() string { return name(typeNames[:], "Type", int(t)) }

var idKindNames = [...]string{
	IDInvalid: "invalid",
	IDName:    "name",
	IDNumber:  "number",
	IDAddr4:   "addr4",
	IDPrefix4: "prefix4",
	IDMask4:   "mask4",
	IDAddr6:   "addr6",
	IDPrefix6: "prefix6",
	IDMAC48:   "mac48",
	IDMAC8:    "mac8",
}

// String returns a word for the form: "name", "addr4".
func (k IDKind) String() string { return name(idKindNames[:], "IDKind", int(k)) }

// EncapKind is a keyword that moves the place where the rest of the filter looks.
type EncapKind uint8

// The encapsulations.
const (
	EncapInvalid EncapKind = iota
	EncapVLAN              // "vlan"
	EncapMPLS              // "mpls"
	EncapPPPoED            // "pppoed", which moves nothing
	EncapPPPoES            // "pppoes"
	EncapGeneve            // "geneve"
	EncapVXLAN             // "vxlan"
)

var encapNames = [...]string{
	EncapInvalid: "invalid",
	EncapVLAN:    "vlan",
	EncapMPLS:    "mpls",
	EncapPPPoED:  "pppoed",
	EncapPPPoES:  "pppoes",
	EncapGeneve:  "geneve",
	EncapVXLAN:   "vxlan",
}

// String returns the keyword.
func (k EncapKind) String() string { return name(encapNames[:], "EncapKind", int(k)) }

// PFField is a field of the header that BSD's packet filter logs.
type PFField uint8

// The fields.
const (
	PFInvalid    PFField = iota
	PFIfname             // "ifname", "on": a name
	PFRuleset            // "ruleset", "rset": a name
	PFRulenum            // "rulenum", "rnr": a number
	PFSubrulenum         // "subrulenum", "srnr": a number
	PFReason             // "reason": a name or a number
	PFAction             // "action": a name
)

var pfNames = [...]string{
	PFInvalid:    "invalid",
	PFIfname:     "ifname",
	PFRuleset:    "ruleset",
	PFRulenum:    "rulenum",
	PFSubrulenum: "subrulenum",
	PFReason:     "reason",
	PFAction:     "action",
}

// String returns the keyword.
func (f PFField) String() string { return name(pfNames[:], "PFField", int(f)) }

// ATMKind is a kind of ATM traffic.
type ATMKind uint8

// The kinds.
const (
	ATMInvalid     ATMKind = iota
	ATMLane                // "lane"
	ATMMetac               // "metac"
	ATMBcc                 // "bcc"
	ATMOamF4EC             // "oamf4ec"
	ATMOamF4SC             // "oamf4sc"
	ATMSc                  // "sc"
	ATMIlmic               // "ilmic"
	ATMOam                 // "oam"
	ATMOamF4               // "oamf4"
	ATMConnectmsg          // "connectmsg"
	ATMMetaconnect         // "metaconnect"
)

var atmNames = [...]string{
	ATMInvalid:     "invalid",
	ATMLane:        "lane",
	ATMMetac:       "metac",
	ATMBcc:         "bcc",
	ATMOamF4EC:     "oamf4ec",
	ATMOamF4SC:     "oamf4sc",
	ATMSc:          "sc",
	ATMIlmic:       "ilmic",
	ATMOam:         "oam",
	ATMOamF4:       "oamf4",
	ATMConnectmsg:  "connectmsg",
	ATMMetaconnect: "metaconnect",
}

// String returns the keyword.
func (k ATMKind) String() string { return name(atmNames[:], "ATMKind", int(k)) }

// MTP2Kind is a kind of MTP2 signal unit. Those that begin with MTP2H are of the
// extended sequence numbers of ITU-T Q.703 annex A.
type MTP2Kind uint8

// The kinds.
const (
	MTP2Invalid MTP2Kind = iota
	MTP2FISU             // "fisu"
	MTP2LSSU             // "lssu", "lsu"
	MTP2MSU              // "msu"
	MTP2HFISU            // "hfisu"
	MTP2HLSSU            // "hlssu"
	MTP2HMSU             // "hmsu"
)

var mtp2Names = [...]string{
	MTP2Invalid: "invalid",
	MTP2FISU:    "fisu",
	MTP2LSSU:    "lssu",
	MTP2MSU:     "msu",
	MTP2HFISU:   "hfisu",
	MTP2HLSSU:   "hlssu",
	MTP2HMSU:    "hmsu",
}

// String returns the keyword.
func (k MTP2Kind) String() string { return name(mtp2Names[:], "MTP2Kind", int(k)) }

// Field is a field of an ATM or MTP3 header. Those that begin with FieldH are of the
// extended sequence numbers of ITU-T Q.703 annex A.
type Field uint8

// The fields.
const (
	FieldInvalid Field = iota
	FieldVPI           // "vpi", ATM
	FieldVCI           // "vci", ATM
	FieldSIO           // "sio", MTP3
	FieldOPC           // "opc", MTP3
	FieldDPC           // "dpc", MTP3
	FieldSLS           // "sls", MTP3
	FieldHSIO          // "hsio", MTP3
	FieldHOPC          // "hopc", MTP3
	FieldHDPC          // "hdpc", MTP3
	FieldHSLS          // "hsls", MTP3
)

var fieldNames = [...]string{
	FieldInvalid: "invalid",
	FieldVPI:     "vpi",
	FieldVCI:     "vci",
	FieldSIO:     "sio",
	FieldOPC:     "opc",
	FieldDPC:     "dpc",
	FieldSLS:     "sls",
	FieldHSIO:    "hsio",
	FieldHOPC:    "hopc",
	FieldHDPC:    "hdpc",
	FieldHSLS:    "hsls",
}

// String returns the keyword.
func (f Field) String() string { return name(fieldNames[:], "Field", int(f)) }

// name returns names[n], or for a value outside the set a form that says so, since
// String must serve for messages about such a value.
func name(names []string, set string, n int) string {
	if n < len(names) {
		return names[n]
	}
	return set + "(" + strconv.Itoa(n) + ")"
}
